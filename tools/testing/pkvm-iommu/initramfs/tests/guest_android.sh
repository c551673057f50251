# SPDX-License-Identifier: GPL-2.0-only
# Guests that exist speak operations 0 to 5 of the guest interface, and only those.

. /lib/vfio.sh

vfio_bind_engines
guest_android
