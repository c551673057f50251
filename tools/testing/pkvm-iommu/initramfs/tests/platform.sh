# SPDX-License-Identifier: GPL-2.0-only
# One platform device with two stream IDs, each of which does DMA.

load_module
if [ "$(param kvm-arm.mode)" = protected ]; then
	platform
else
	platform platform_two_streams platform_ram_to_ram
	skip platform_each_stream_blocked "not protected"
fi
