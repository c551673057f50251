# SPDX-License-Identifier: GPL-2.0-only
# Hypercalls with every argument wrong in turn.
#
# test: bad_op
# test: init_is_over
# test: bad_info
# test: bad_topup
# test: bad_reclaim
# test: bad_free
# test: bad_attach
# test: bad_map
# test: bad_unmap
# test: bad_lists
# test: bad_force_reclaim
# test: random_calls

load_module
hypercall
