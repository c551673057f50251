# SPDX-License-Identifier: GPL-2.0-only
# The host crashes while EL2 has the SMMU. The crash kernel, see kdump_crash.sh, is the
# same kernel with the VMs' initramfs and this group's successor.

. /lib/devices.sh

(cat /guest/initramfs.cpio && cd / && find tests | cpio -o -H newc) >/crash.cpio
kdump kexec_load_refused kexec_file_load
check disk_before reads_known /dev/nvme0n1 1
note "now the crash"
echo c >/proc/sysrq-trigger
