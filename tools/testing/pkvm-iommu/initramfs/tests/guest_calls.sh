# SPDX-License-Identifier: GPL-2.0-only
# Hypercalls of a protected VM about its devices, with every argument wrong in turn.
#
# test: guest_features
# test: guest_unknown_op
# test: guest_no_pviommu
# test: guest_must_be_zero
# test: guest_req_dma
# test: guest_bad_route
# test: guest_bad_pasid
# test: guest_domain_never_allocated
# test: guest_domain_freed
# test: guest_domain_of_another_vm
# test: guest_domain_still_attached
# test: guest_detach_wrong_owner
# test: guest_bad_prot
# test: guest_bad_ranges

. /lib/vfio.sh

vfio_bind_engines
guest_calls
