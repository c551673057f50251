# SPDX-License-Identifier: GPL-2.0-only
# The host crashes while EL2 has the SMMU. The crash kernel, see kdump_crash.sh, is the
# same kernel with the VMs' initramfs and this group's successor.

. /lib/devices.sh

check disk_before reads_known /dev/nvme0n1 1
kdump kexec_load_refused
# The crash kernel counts on from here, and from the result of its being loaded
echo $(($(cat $KTAP_COUNT) + 1)) >/tests/kdump.count
(cat /guest/initramfs.cpio && cd / && find tests | cpio -o -H newc) >/crash.cpio
kdump kexec_file_load
note "now the crash"
echo c >/proc/sysrq-trigger
