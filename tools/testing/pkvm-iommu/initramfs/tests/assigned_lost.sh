# SPDX-License-Identifier: GPL-2.0-only
# The device cannot be reset when its VM is gone.

. /lib/vfio.sh

vfio_bind_engines
assigned lost_for_good
