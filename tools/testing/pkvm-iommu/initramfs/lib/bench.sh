# SPDX-License-Identifier: GPL-2.0-only
#
# For host and VM: one table of measurements, which boot/bench.py knows too.

BENCH=/sys/kernel/debug/pkvm_dma_bench

# The profiler outside wants to know where the module is
bench_load() {
	insmod /lib/modules/pkvm_dma_bench.ko || return
	[ -z "$(param bench_profile)" ] ||
		sed -n 's/^\(.*\) [tT] \(bench_[a-z_]*\).*\[pkvm_dma_bench\]$/# symbol \2 \1/p' \
			/proc/kallsyms
}

# Pages that EL2 has for the tables of the host's domains; none of it with the
# stock driver, and a VM cannot know
lent() {
	local lent=$(cat /sys/kernel/debug/pkvm-smmu/pages 2>/dev/null)
	echo ${lent:-0}
}

# bench NAME pages|scatter|host-hvc|guest-hvc NUMBER LOOPS [MIB]: measure. The kernel
# parameter bench_profile says which, or all, to go on with for the profiler;
# bench_loops is for who counts each loop.
bench() {
	local only=$(param bench_profile) loops=$(param bench_loops) before=$(lent)
	set -- $1 $2 $3 ${loops:-$4} $5
	case ,$only, in
	,,) ;;
	,all,* | *,$1,*) set -- $1 $2 $3 0 $5 ;;
	*) return ;;
	esac
	usleep 100000	# a VM's host has still to print what it said last
	echo "$*" >$BENCH || return
	note "bench lent $1 $(($(lent) - before))"
}

# disk_ready DISK: wait for it, and until the kernel has looked for partitions, which
# holds up whoever opens it
disk_ready() {
	wait_for 120 [ -b $1 ] && dd if=$1 of=/dev/null count=1 2>/dev/null
}

# bench_all PREFIX: all sizes, in the domain that the device has now. Loops are a multiple
# of 255, the length of a flush queue.
bench_all() {
	bench $1.1 pages 1 6120 &&
	bench $1.16 pages 16 4080 &&
	bench $1.64 pages 64 2040 &&
	bench $1.512 pages 512 4080 &&
	bench $1.scatter scatter 512 510
}

# bench_mapped PREFIX MIB...: does it cost more, the more is mapped?
bench_mapped() {
	local prefix=$1 mib
	[ -z "$(param bench_loops)" ] || return 0
	shift
	for mib in "$@"; do
		bench $prefix.1.$mib pages 1 6120 $mib &&
		bench $prefix.16.$mib pages 16 4080 $mib || return
	done
}
