# SPDX-License-Identifier: GPL-2.0-only
# Guests that exist speak operations 0 to 5 of the guest interface, and only those.
#
# test: guest_android_16_sequence
# test: guest_android_16_from_the_top
# test: guest_android_16_switch_domain
# test: guest_android_16_directions
# test: guest_android_16_dies_attached

. /lib/vfio.sh

vfio_bind_engines
guest_android
