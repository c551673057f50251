#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# configs.sh [NAME]...: compile and link what this project adds and patches in kernels
# that are configured in other ways than the one of the tests. Prints what is wrong.
#
# Whole kernels would take half an hour. So only the folders of our files are built, in
# a copy of what "make kernel" has built, where make compiles what depends on the
# difference; the result is linked against the symbols of the rest of that kernel.

. "$(dirname "$0")/lib.sh"
lock_out

BASE=$BUILD
BUILD=$OUT/build-config
CONFIGS=(vfio-module iommufd-module no-pci no-debugfs no-kvm no-pviommu no-pkvm-smmu)

# difference NAME: how this kernel differs from kernel.config
difference()
{
	case $1 in
	vfio-module)	# without groups a VMM opens devices, so iommufd is needed
		echo CONFIG_VFIO=m
		echo CONFIG_IOMMUFD=m
		echo CONFIG_VFIO_DEVICE_CDEV=y
		echo "# CONFIG_VFIO_GROUP is not set" ;;
	iommufd-module)
		echo CONFIG_VFIO=m
		echo CONFIG_IOMMUFD=m
		echo CONFIG_VFIO_GROUP=y
		echo CONFIG_VFIO_DEVICE_CDEV=y ;;
	no-pci) echo "# CONFIG_PCI is not set" ;;
	no-debugfs) echo "# CONFIG_DEBUG_FS is not set" ;;
	no-kvm) echo "# CONFIG_VIRTUALIZATION is not set" ;;
	no-pviommu) echo "# CONFIG_PKVM_PVIOMMU is not set" ;;
	no-pkvm-smmu) echo "# CONFIG_ARM_SMMU_V3_PKVM is not set" ;;
	*) die "$1: not one of ${CONFIGS[*]}" ;;
	esac
}

# without NAME: a folder of the kernel of the tests that this one does not have
without()
{
	case $1 in
	no-pci) echo drivers/pci/ ;;
	no-debugfs) echo fs/debugfs/ ;;
	no-kvm) echo arch/arm64/kvm/ ;;
	esac
}

# goals [NAME]: the folders that hold our files, and the objects of ours in those of the
# architecture that are always there. arch/arm64/kvm builds virt/kvm; iommufd has more
# of lib/interval_tree.o.
goals()
{
	changed | grep '\.[cS]$' | sed -nE \
		-e 's#^(arch/arm64/(kernel|mm)/.*)\.c$#\1.o#p;t' \
		-e 's#^((arch/[^/]+|drivers|kernel)/[^/]+)/.*#\1/#p' | sort -u |
		grep -vxF "$(without "${1:-}")"
	echo lib/interval_tree.o
}

# What make makes of goals, if there is anything of the kind in them
builtin()
{
	sed 's#/$#/built-in.a#'
}

modules()
{
	sed -n 's#/$#/modules.order#p'
}

present()
{
	local file

	while read -r file; do
		[ ! -e "$file" ] || echo "$file"
	done
}

# fragment LINES: that of the kernel of the tests less the options of these lines, and
# then the lines
fragment()
{
	local names

	names=$(sed -nE 's/.*(CONFIG_[A-Z0-9_]+).*/^(# )?\1[= ]/p' <<<"$1" | paste -sd'|')
	grep -vE "$names" "$BASE/fragment"
	echo "$1"
}

# globals FILE...: the symbols that these objects and archives offer to others
globals()
{
	"${CROSS_COMPILE}nm" -g --defined-only "$@" 2>/dev/null |
		sed -nE 's/^[0-9a-f]+ [A-Z] //p' | sort -u
}

# rest NAME: symbols of the kernel of the tests that do not come from what is built
# here, nor from what this kernel does not have
rest()
{
	local files

	mapfile -t files < <({ goals; without "$1"; } | builtin)
	comm -23 <(globals "$BASE/vmlinux") <(globals "${files[@]/#/$BASE/}")
}

# link_kernel NAME: what is built in uses what there is, which is there once
link_kernel()
{
	local files

	mapfile -t files < <(goals "$1" | builtin | present)
	"${CROSS_COMPILE}ld" -r --whole-archive -o vmlinux.o "${files[@]}"
	"${CROSS_COMPILE}nm" -u vmlinux.o | sed -n 's/^ *U //p' | sort -u |
		comm -23 - symbols | sed 's/.*/"&" [vmlinux] undefined!/'
}

# link_modules NAME: modules use what is exported, and say so where they have to
link_modules()
{
	goals "$1" | modules | present | xargs cat >modules.order
	awk 'NR == FNR { rest[$1]; next } $2 in rest' symbols "$BASE/Module.symvers" >symvers
	scripts/mod/modpost -M -E -o Module.symvers -T modules.order -i symvers vmlinux.o
}

build()
{
	local lines goals

	lines=$(difference "$1")
	mapfile -t goals < <(goals "$1")
	rsync -a --delete "$BASE/" "$BUILD/"
	cd "$BUILD"
	# What is left of them says nothing of this kernel
	{ goals | builtin; goals | modules; } | xargs rm -f
	fragment "$lines" >difference.config
	kbuild -s KCONFIG_ALLCONFIG="$BUILD/difference.config" allnoconfig
	unmet .config <<<"$lines" | sed 's/$/: does not hold/'
	kbuild -s "${goals[@]}"
	rest "$1" >symbols
	link_kernel "$1"
	link_modules "$1"
}

for name in "${@:-${CONFIGS[@]}}"; do
	(build "$name") >"$LOGS/configs-$name.log" 2>&1 ||
		echo "failed" >>"$LOGS/configs-$name.log"
	sed "s/^/$name: /" "$LOGS/configs-$name.log"
done
