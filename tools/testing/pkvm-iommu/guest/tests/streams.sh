# SPDX-License-Identifier: GPL-2.0-only
# In a VM: the platform device with two streams, behind a pvIOMMU.
# Parameter vsids=A,B: what the streams must be called, else they must differ.

. /lib/devices.sh

device_dir() {
	echo /sys/bus/platform/devices/*.edu-pair
}

# The virtual stream IDs in the device tree, e.g. "0,ffffffff"
vsids() {
	hexdump -v -e '4/1 "%02x" "\n"' $(device_dir)/of_node/iommus |
	sed -n 'n;s/^0*\(.\)/\1/;p' | tr '\n' ',' | sed 's/,$//'
}

vsids_as_chosen() {
	local found=$(vsids) want=$(param vsids)
	note "vSIDs $found"
	if [ -n "$want" ]; then
		[ "$found" = "$want" ]
	else
		[ "${found%,*}" != "${found#*,}" ]
	fi
}

dma_domain() {
	local type=$(domain_type_of $(device_dir))
	[ "$type" = $WANT_TYPE ] || {
		note "domain type $type"
		return 1
	}
}

load_module
check dma_domain dma_domain
check vsids_as_chosen vsids_as_chosen
platform platform_two_streams platform_ram_to_ram
engines
