#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the initramfs that every boot uses, from
#   busybox                                     (static, arm64)
#   initramfs/        copied over the root as it is; holds /init
#   programs/*.c      static programs           -> /bin
#   programs/lib/*.c  what they share: a static library, with a header for each file
#   tools/virt/pkvm-vmm, pkvm-iommu-stat        -> /bin
#   modules/          kernel modules (Kbuild)   -> /lib/modules/*.ko
#   the kernel itself, for VMs                  -> /guest/Image
#   an initramfs for VMs                        -> /guest/initramfs.cpio
#
# That of the VMs has the same busybox, /init, /lib and modules, and
#   guest/tests/      groups of tests           -> /tests
#   guest/programs/*.c, and some of programs/   -> /bin

. "$(dirname "$0")/lib.sh"
lock_out

ROOT=$OUT/initramfs$VARIANT
GUEST_ROOT=$OUT/initramfs$VARIANT-guest

# The host's programs that a VM needs too
GUEST_PROGRAMS=(platform domain smmu_error disk_read bench_memory)

LIBRARY=$OUT/programs/lib/libtest.a

# compile OBJECT SOURCE: apart from linking, since the compiler's cache keeps objects only
compile()
{
	ccache "${CROSS_COMPILE}gcc" -O2 -Wall -Wextra -pthread -c \
		-I "$TESTING/programs" \
		-idirafter "$TREE/include/uapi" \
		-o "$1" "$2"
}

compile_library()
{
	compile "$OUT/programs/lib/$(basename "$1" .c).o" "$1"
}

# build_program DESTINATION SOURCE
build_program()
{
	local name

	name=$(basename "$2" .c)
	compile "$OUT/programs/$name.o" "$2"
	"${CROSS_COMPILE}gcc" -static -pthread -o "$1/$name" "$OUT/programs/$name.o" "$LIBRARY"
}

# each_source FOLDER COMMAND...: for each source in the folder, as many at a time as JOBS
each_source()
{
	local folder=$1
	shift

	find "$folder" -maxdepth 1 -name '*.c' -print0 | xargs -0 -r -n 1 -P "$JOBS" \
		bash -c 'set -e; "$@"' bash "$@"
}

build_library()
{
	rm -rf "$OUT/programs/lib"
	mkdir -p "$OUT/programs/lib"
	export -f compile compile_library build_program
	export CROSS_COMPILE TESTING TREE OUT LIBRARY
	each_source "$TESTING/programs/lib" compile_library
	"${CROSS_COMPILE}ar" rcs "$LIBRARY" "$OUT/programs/lib/"*.o
}

build_tools()
{
	make -C "$TOP/tools/virt/pkvm-vmm" CROSS_COMPILE="$CROSS_COMPILE" \
		O="$OUT/pkvm-vmm" FDT="$OUT/arm64"
	make -C "$TOP/tools/virt/pkvm-iommu-stat" CROSS_COMPILE="$CROSS_COMPILE" \
		O="$OUT/pkvm-iommu-stat"
	cp "$OUT/pkvm-vmm/pkvm-vmm" "$OUT/pkvm-iommu-stat/pkvm-iommu-stat" "$ROOT/bin/"
}

# The modules are built in a copy, so that the sources stay clean and every
# page size has its own objects. Kbuild does not build them again when another
# configuration changes the structures of the kernel.
build_modules()
{
	local work=$BUILD/pkvm-iommu-modules

	[ -e "$TESTING/modules/Kbuild" ] || [ -e "$TESTING/modules/Makefile" ] || return 0
	[ "$work/.built" -nt "$BUILD/include/generated/autoconf.h" ] || rm -rf "$work"
	mkdir -p "$work" "$ROOT/lib/modules"
	rsync -rc --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' \
		--exclude='.*' --exclude=modules.order --exclude=Module.symvers \
		"$TESTING/modules/" "$work/"
	make -C "$TREE" O="$BUILD" ARCH=arm64 CROSS_COMPILE="$CROSS_COMPILE" \
		CC="ccache ${CROSS_COMPILE}gcc" -j"$JOBS" M="$work" modules
	touch "$work/.built"
	cp "$work"/*.ko "$ROOT/lib/modules/"
}

# new_root FOLDER: what every initramfs has
new_root()
{
	rm -rf "$1"
	mkdir -p "$1"/{bin,dev,proc,sys,tmp,mnt,etc,lib}
	cp "$OUT"/arm64/bin/busybox "$1/bin/" 2>/dev/null ||
		cp "$OUT"/arm64/usr/bin/busybox "$1/bin/"
	ln -s busybox "$1/bin/sh"
	ln -s bin "$1/sbin"
	rsync -a "$TESTING/initramfs/init" "$TESTING/initramfs/lib" "$1/"
	chmod 755 "$1/init"
}

# archive FOLDER FILE
archive()
{
	(cd "$1" && find . | sort | cpio -o -H newc -R 0:0 --quiet) >"$2.new"
	mv "$2.new" "$2"
}

build_guest()
{
	local program

	new_root "$GUEST_ROOT"
	rsync -a "$TESTING/guest/tests" "$GUEST_ROOT/"
	rsync -a "$ROOT/lib/modules" "$GUEST_ROOT/lib/"
	for program in "${GUEST_PROGRAMS[@]}"; do
		cp "$ROOT/bin/$program" "$GUEST_ROOT/bin/"
	done
	each_source "$TESTING/guest/programs" build_program "$GUEST_ROOT/bin"
	install -D -m 644 "$IMAGE" "$ROOT/guest/Image"
	archive "$GUEST_ROOT" "$ROOT/guest/initramfs.cpio"
}

build_initramfs()
{
	new_root "$ROOT"
	rsync -a "$TESTING/initramfs/" "$ROOT/"
	chmod 755 "$ROOT/init"
	build_library
	each_source "$TESTING/programs" build_program "$ROOT/bin"
	build_tools
	build_modules
	build_guest
	archive "$ROOT" "$INITRAMFS"
}

# What decides the contents
inputs()
{
	cat "$BUILD/built"
	find "$TESTING/initramfs" "$TESTING/programs" "$TESTING/modules" \
		"$TESTING/guest" "$TOP/tools/virt" \
		"$HERE/initramfs.sh" -type f -printf '%p %T@ %s\n' 2>/dev/null | sort
}

want=$(inputs | sha256sum)
[ "$want" != "$(cat "$ROOT.sum" 2>/dev/null)" ] || [ ! -e "$INITRAMFS" ] || exit 0
rm -f "$ROOT.sum"
step "Building the initramfs" initramfs$VARIANT build_initramfs
echo "$want" >"$ROOT.sum"
