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

# bench NAME pages|scatter|host-hvc|guest-hvc NUMBER LOOPS: measure, or if the
# kernel parameter bench_profile says all or names it, go on for the profiler
bench() {
	local only=$(param bench_profile)
	case ,$only, in
	,,) ;;
	,all,* | *,$1,*) set -- $1 $2 $3 0 ;;
	*) return ;;
	esac
	echo "$*" >$BENCH
}

# bench_all PREFIX: all sizes, in the domain that the device has now
bench_all() {
	bench $1.1 pages 1 6000 &&
	bench $1.16 pages 16 4000 &&
	bench $1.64 pages 64 2000 &&
	bench $1.512 pages 512 4000 &&
	bench $1.scatter scatter 512 400
}
