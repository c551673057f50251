# SPDX-License-Identifier: GPL-2.0-only
# Protected VMs come and go while every device does DMA on memory that was a
# guest's a moment ago. No honest device may notice.

. /lib/devices.sh
. /lib/memory.sh

RUNNING=/tmp/running
DROPS=2		# frames of 100 that a busy machine may lose, and programs/net.c explains

repeat() {
	local log=$1
	shift
	while [ -e $RUNNING ]; do
		"$@" || { echo "$*" >>$log; return; }
	done
	echo done >$log
}

churn() {
	local first
	pvm churn $1 64 &
	first=$!
	pvm churn $1 3 && wait $first
}

# under_load COMMAND...: while every device does DMA
under_load() {
	local status sata nvme net load

	touch $RUNNING
	repeat /tmp/sata writes_and_reads /dev/sda 64 & sata=$!
	repeat /tmp/nvme writes_and_reads /dev/nvme0n1 64 & nvme=$!
	repeat /tmp/net net igb virtio_net 100 $DROPS & net=$!
	dma_load $RUNNING & load=$!
	"$@"
	status=$?
	rm $RUNNING
	wait $sata $nvme $net
	wait $load
	engines=$?
	rm -f $RANDOM_DATA*
	return $status
}

succeeded() {
	[ "$(cat $1)" = done ]
}

load_module
wait_for 20 [ -b /dev/nvme0n1 ]
wait_for 20 [ -b /dev/sda ]
faults=$(fault_lines)

# What is allocated once and kept does not count: a short round before
under_load pvm churn 4 64
el2=$(el2_pages)
host=$(host_pages)
tables=$(table_pages)

check churn_pvms under_load churn ${CHURN:-40}
check churn_engines [ $engines = 0 ]
if succeeded /tmp/sata && succeeded /tmp/nvme; then
	ok churn_disks
else
	not_ok churn_disks
fi
check churn_network succeeded /tmp/net
check churn_no_faults [ "$(fault_lines)" = "$faults" ]
check churn_el2_memory_back el2_pages_back $el2
# Less than a page for each VM, of which churn makes two at a time
check churn_host_memory_back host_pages_back $host $((2 * ${CHURN:-40}))

# A quarter of a page for each
host=$(host_pages)
pvm churn 200 3
check churn_host_memory_back_quiet host_pages_back $host 50
check churn_stage2_tables_back [ $(table_pages) = $tables ]
