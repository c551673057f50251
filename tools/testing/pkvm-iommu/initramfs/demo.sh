# SPDX-License-Identifier: GPL-2.0-only
#
# What "make run" shows: a protected VM uses two devices through its pvIOMMUs,
# then its host attacks it. Sourced by init; boot/demo.py reads the last line.

. /lib/test.sh
. /lib/devices.sh
. /lib/guest.sh

KTAP=/tmp/guest.vm.ktap
ATTACKS=/tmp/attacks
devices=
groups=
checks=0
passed=0

log_line() {
	dmesg | sed -n "s/^\\[[^]]*\\] *//; /$1/{p;q}"
}

# count PASSED ALL: of some checks
count() {
	passed=$((passed + $1))
	checks=$((checks + $2))
}

# expect TEXT COMMAND...: one check, and a line about it
expect() {
	local text=$1
	shift
	if "$@"; then
		echo "   $text: yes"
		count 1 1
	else
		echo "   $text: NO"
		count 0 1
	fi
}

has_device() {
	vfio_bind $1 >/dev/kmsg || return
	[ $1 != edu-pair ] || EDU_DIR=$VFIO_DIR
	devices="$devices --vfio $VFIO_DIR${3:+,$3}"
	groups=$groups$2,
}

start_vm() {
	expect "a platform device with two streams, bound to vfio-platform" \
		has_device edu-pair streams,stray
	expect "a disk controller, bound to vfio-platform" \
		has_device sata disk compatible=generic-ahci
	GUEST_APPEND="known=$(known_sum 1)$(param pkvm_demo | sed -n 's/verbose/ loglevel=8/p')" \
		guest_start vm ${groups}secret --protected --cpus 2 --verbose \
		$devices >/dev/kmsg
}

# tell TEXT GROUP.TEST: progress; results are counted when the VM has ended
tell() {
	case ,$groups in
	*,${2%.*},*) ;;
	*) return ;;
	esac
	if guest_wait vm 120 "^ok .* $2\$"; then
		echo "   $1: yes"
	else
		echo "   $1: NO"
	fi
}

vm_story() {
	tell "the VM's memory went through both streams and back" \
		streams.platform_ram_to_ram
	tell "a stray access of the device was reported in the VM" \
		stray.fault_told
	expect "and to its VMM, but not where it went" vmm_told
	tell "the file on the disk is as it was prepared outside" \
		disk.disk_file_verified
	tell "4 MiB that the VM wrote to the disk are there" disk.disk_write_read
	guest_wait vm 60 '^# secret at'
	secret=$(sed -n 's/^# secret at //p' $KTAP)
	if [ -n "$secret" ]; then
		echo "   the VM wrote \"SECRET!!\" to its page at $secret"
	else
		echo "   NO VM: $(tail -n 1 /tmp/guest.vm.log)"
	fi
}

# What comes from the VMM itself, not from the console of its VM
vmm_told() {
	[ -n "$EDU_DIR" ] && wait_for 20 grep -q 'edu-pair: fault: vSID 0x[0-9a-f]*: read, type 0x10' \
		/tmp/guest.vm.log || return
	! dmesg | grep -v 'vm| ' | grep -q 'fault.*0xdead0000'
}

# If there is no VM the rest is attacked
attack() {
	rm -f $ATTACKS
	demo attack ${secret:+$(guest_pid vm) $secret}
	count $(cat $ATTACKS || echo 0 1)
	edu_owner=$(owner edu-pair)
	sata_owner=$(owner sata)
	guest_type vm done
	expect "the VM ends by itself, and said all it had to say" vm_ends
	expect "its secret survived what the device wrote to it" \
		grep -q '^ok .*\.secret_unchanged$' $KTAP
	expect "its device was reset when it came back: no byte is left in it" \
		device_is_clean
}

# owner NODE: who has the registers of a device
owner() {
	local regs=$(echo /sys/bus/platform/devices/*.$1)
	regs=${regs##*/}
	demo owner 0x${regs%%.*}
}

# It moved pages of the VM
device_is_clean() {
	bind_driver platform ${EDU_DIR##*/} pkvm_test_dma >/dev/kmsg
	[ "$(demo left)" = 0 ]
}

vm_ends() {
	guest_runs vm && guest_end vm >/dev/kmsg
}

# row GROUP DEVICE OWNER: what the VMM said of the device, and the VM
row() {
	local name=$(basename $(echo /sys/bus/platform/devices/*.$2)) bytes=0 n
	local vsids=$(sed -n "s/.* $name: pvIOMMU .* is vSID //p" /tmp/guest.vm.log)
	local good=$(grep -c "^ok [0-9]* $1\\." $KTAP)
	local all=$(grep -c "ok [0-9]* $1\\." $KTAP)
	for n in $(sed -n "s/^# moved .*\\.$2 //p" $KTAP); do
		bytes=$((bytes + n))
	done
	printf ' %-17s %9d   %-21s %-8s  %11d   %d of %d\n' $name \
		$(echo $vsids | wc -w) "$(echo $vsids)" "$3" $bytes $good $all
	count $good $all
}

table() {
	printf '\n %-17s %9s   %-21s %-8s  %11s   %s\n' device endpoints \
		"vSID of each" "MMIO of" "bytes moved" "checks passed"
	row streams edu-pair "$edu_owner"
	row disk sata "$sata_owner"
}

echo " pKVM on $(uname -r), up $(cut -d' ' -f1 /proc/uptime) s after the start"
echo "   $(log_line 'Protected .* mode initialized')"
owner=$(log_line 'owned by EL2')
echo "   ${owner:-NOBODY ISOLATES DMA IN THIS BOOT}"
echo
echo " A protected VM with two devices, each behind a pvIOMMU"
start_vm
load_module
vm_story
echo
echo " The host attacks"
attack
table
echo
if [ $passed = $checks ]; then
	echo " PROTECTED: all $checks checks passed."
else
	echo " NOT PROTECTED: $((checks - passed)) of $checks checks failed."
fi
