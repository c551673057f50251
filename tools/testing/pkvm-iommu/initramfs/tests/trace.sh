# SPDX-License-Identifier: GPL-2.0-only
# What EL2 does about DMA, in the hypervisor's own trace: of the host all, of VMs
# what the host may know.

. /lib/guest.sh

TRACE=/sys/kernel/tracing/remotes/hypervisor

events_on() {
	local enable
	for enable in $(find $TRACE/events -path '*/iommu_*/enable'); do
		echo $1 >$enable
	done
}

traced() {
	grep -q "iommu_$1" /tmp/trace
}

# An event of the host and one of a VM, without a word of where
host_and_vm() {
	traced "$1 vm=0x0 $2" && traced "$1 vm=0x1[0-9a-f]* $3"
}

no_addresses() {
	traced "map vm=0x1" &&
		! grep 'vm=0x1' /tmp/trace | grep -q 'iova=0x[1-9a-f]\|40000000'
}

nr_events() {
	grep -c iommu_ /tmp/trace
}

# What was recorded has come when one more event, of another kind, has
events_came() {
	local enable=$TRACE/events/hypervisor/selftest/enable
	echo 1 >$enable
	echo $1 >$TRACE/write_event
	wait_for 10 grep -q "selftest id=$1" /tmp/trace
	echo 0 >$enable
}

# No event is recorded that is off
trace_off() {
	local results=$(cat $KTAP_COUNT) before=$(nr_events)
	iommu_stat stat_mapped >/dev/null
	echo $results >$KTAP_COUNT
	events_came 2
	[ $before -gt 0 ] && [ $(nr_events) = $before ]
}

# in_trace DEVICE FOLDER: its first stream, as events name it
in_trace() {
	echo "smmu=$(smmu_of $2) sid=$(stream_id $1)"
}

# The engine of the host is the first that is no part of a platform device
host_engine() {
	local engine
	for engine in /sys/bus/pci/drivers/pkvm_iommu_test/0*; do
		[ ! -e $engine/iommu ] || break
	done
	engine=$(readlink -f $engine)
	in_trace ${engine##*/} $engine
}

vfio_bind edu-pair
load_module
pair=$(in_trace edu-pair $VFIO_DIR)
engine=$(host_engine)
note "the VM's device is $pair, the host's $engine"
mount -t tracefs tracefs /sys/kernel/tracing
echo 256 >$TRACE/buffer_size_kb
# Switches it on
lazy lazy_trace_buffer
sg sg_traced
cat $TRACE/trace_pipe >/tmp/trace &
reader=$!
events_on 1
iommu_stat stat_owners stat_faults stat_mapped
events_on 0
events_came 1
note "$(nr_events) events"
grep iommu_ /tmp/trace | head -n 12 | while read -r line; do note "$line"; done
check trace_attach host_and_vm attach "$engine ret=0" "$pair ret=0"
check trace_detach host_and_vm detach "${engine% *} sid=" "$pair ret=0"
check trace_map host_and_vm map 'iova=0x123400000 size=0x[1-9a-f][0-9a-f]* ret=0' \
	'iova=0x0 size='
check trace_unmap host_and_vm unmap \
	'iova=0x123400000 size=0x[1-9a-f][0-9a-f]* ret=0' \
	'iova=0x0 size='
check trace_fault traced "fault $pair type=0x10"
check trace_teardown traced 'teardown vm=0x1[0-9a-f]* ret=0'
check trace_no_addresses no_addresses
check trace_off trace_off
kill $reader
