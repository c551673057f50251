# SPDX-License-Identifier: GPL-2.0-only
#
# For test groups that run Linux VMs under pkvm-vmm. A VM has an initramfs of
# its own with the same /init; its groups of tests are guest/tests/*.sh. What
# it reports counts as the host's group's: "ok 3 streams.two" of the VM becomes
# "ok 17 GROUP.two".
#
#	vfio_bind edu-pair
#	guest_start one streams --protected --vfio $VFIO_DIR
#	check vm_ends guest_end one
#
# Several VMs may run at a time. Their consoles are in the host's, each line
# after "NAME| ", where the runner looks for panics and the like.

. /lib/vfio.sh

GUEST_CHECKS=$(sed -n 's/.*\(iommu\.debug_pagealloc=1\).*/\1/p' /proc/cmdline)

# The functions that the device tree describes as platform devices are off: no
# PCI driver has bound them. Decode memory, let DMA through.
platform_functions_on() {
	local function
	for function in $(param pkvm_platform | tr , ' '); do
		function=/sys/bus/pci/devices/$function
		[ "$(cat $function/enable)" != 0 ] || echo 1 >$function/enable
		printf '\006' | dd of=$function/config bs=1 seek=4 conv=notrunc \
			2>/dev/null
	done
}

# vfio_bind NODE: give the platform device with this name in the device tree to
# vfio-platform. Its folder is in VFIO_DIR then.
vfio_bind() {
	VFIO_DIR=$(echo /sys/bus/platform/devices/*.$1)
	[ -d $VFIO_DIR ] || {
		note "no platform device $1"
		return 1
	}
	platform_functions_on
	bind_driver platform ${VFIO_DIR##*/} vfio-platform
}

# Copy a VM's console to ours and to a file, its results to another
guest_console() {
	local line results=/tmp/guest.$1.ktap cr=$(printf '\r')
	while IFS= read -r line; do
		line=${line%$cr}
		echo "$1| $line"
		echo "$line" >>/tmp/guest.$1.log
		line=${line#\[*\] }
		case "$line" in
		"ok "[0-9]* | "not ok "[0-9]* | "# "* | 1..[0-9]*)
			echo "$line" >>$results ;;
		esac
	done
}

# guest_start NAME GROUP[,GROUP]... [OPTION]...: start a VM that runs these
# groups. Options are those of pkvm-vmm; GUEST_APPEND is for the command line. A VM
# checks what its host does, whose kernel it runs.
guest_start() {
	local name=$1 groups=$2 out=/tmp/guest.$1.out in=/tmp/guest.$1.in
	shift 2
	rm -f $in $out
	mkfifo $in $out
	: >/tmp/guest.$name.log
	: >/tmp/guest.$name.ktap
	guest_console $name <$out &
	eval guest_console_$name=$!
	pkvm-vmm --kernel /guest/Image --initrd /guest/initramfs.cpio "$@" \
		--append "printk.devkmsg=on loglevel=5 pkvm_test=$groups $GUEST_CHECKS $GUEST_APPEND" \
		<>$in >$out 2>&1 &
	eval guest_pid_$name=$!
}

# guest_type NAME TEXT: a line for its console. Read and write, or it would
# wait for a VM that has ended.
guest_type() {
	echo "$2" 1<>/tmp/guest.$1.in
}

guest_pid() {
	eval echo \$guest_pid_$1
}

guest_runs() {
	kill -0 $(guest_pid $1) 2>/dev/null
}

# guest_wait NAME SECONDS REGEX: for such a result or note of the VM
guest_wait() {
	wait_for $2 eval "grep -q '$3' /tmp/guest.$1.ktap || ! guest_runs $1"
	grep -q "$3" /tmp/guest.$1.ktap
}

# guest_report NAME [PREFIX] [TEST]: results of a VM as our own, or that of one test;
# how many there were is in guest_count
guest_report() {
	local line verdict
	guest_count=0
	while IFS= read -r line; do
		case "$line" in
		"ok "* | "not ok "*)
			verdict=${line%% [0-9]*}
			line=${line#"$verdict" [0-9]* }
			[ "${3:-${line#*.}}" = "${line#*.}" ] || continue
			echo "$verdict $(ktap_next) $KTAP_GROUP.$2${line#*.}"
			guest_count=$((guest_count + 1)) ;;
		"# group "*)
			;;
		"# "*)
			echo "$line" ;;
		esac
	done </tmp/guest.$1.ktap
}

# guest_over NAME: wait for the end of its VMM, whose exit status is in guest_status,
# and until all that it said has been read
guest_over() {
	wait $(guest_pid $1)
	guest_status=$?
	wait $(eval echo \$guest_console_$1)
}

# guest_end NAME [PREFIX]: wait for the VM, report its results, each with the
# prefix. Fails unless the VM switched itself off, with all of its results.
guest_end() {
	guest_over $1
	guest_report $1 $2
	[ $guest_status = 0 ] || {
		note "pkvm-vmm ended with status $guest_status"
		return 1
	}
	grep -q "^1\.\.$guest_count\$" /tmp/guest.$1.ktap || {
		note "the VM did not say that these $guest_count results are all"
		return 1
	}
}

# guest_kill NAME: end it, with what it reported so far unheard. Fails if it ended
# by itself before.
guest_kill() {
	kill -KILL $(guest_pid $1)
	guest_over $1
	[ $guest_status = $((128 + 9)) ] || {
		note "pkvm-vmm was not killed, its status is $guest_status"
		return 1
	}
}

# What EL2 says of the streams of a device, e.g. "vm vm"
stream_states() {
	cat /sys/kernel/debug/pkvm-smmu/*/streams |
	sed -n "s/^[^ ]* *[^ ]*\\.$1 *\\([^ ]*\\).*/\\1/p" | tr '\n' ' '
}

# stream_id DEVICE: the first stream ID of a device, e.g. "0x8"
stream_id() {
	cat /sys/kernel/debug/pkvm-smmu/*/streams |
	sed -n "s/^\\([^ ]*\\) [^ ]*$1 .*/\\1/p" | head -n 1
}

# smmu_of FOLDER: where the registers of the SMMU are that a device is behind
smmu_of() {
	echo 0x$(hexdump -v -n 8 -e '8/1 "%02x"' $1/iommu/device/of_node/reg |
		 sed 's/^0*//')
}

streams_are() {
	[ "$(stream_states $1)" = "$2" ]
}
