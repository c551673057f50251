#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Build the initramfs that every boot uses, from
#   busybox                                     (static, arm64)
#   initramfs/        copied over the root as it is; holds /init
#   programs/*.c      static programs           -> /bin
#   tools/virt/pkvm-vmm                         -> /bin
#   the kernel itself, for VMs                  -> /guest/Image
#   modules/          kernel modules (Kbuild)   -> /lib/modules/*.ko

. "$(dirname "$0")/lib.sh"
lock_out

ROOT=$OUT/initramfs$VARIANT

build_programs()
{
	local source program

	for source in "$TESTING"/programs/*.c; do
		[ -e "$source" ] || continue
		program=$ROOT/bin/$(basename "$source" .c)
		ccache "${CROSS_COMPILE}gcc" -static -O2 -Wall -Wextra -pthread \
			-idirafter "$TREE/include/uapi" \
			-o "$program" "$source"
	done
}

build_vmm()
{
	make -C "$TOP/tools/virt/pkvm-vmm" CROSS_COMPILE="$CROSS_COMPILE" \
		O="$OUT/pkvm-vmm" FDT="$OUT/arm64"
	cp "$OUT/pkvm-vmm/pkvm-vmm" "$ROOT/bin/"
}

# The modules are built in a copy, so that the sources stay clean and every
# page size has its own objects.
build_modules()
{
	local work=$BUILD/pkvm-iommu-modules

	[ -e "$TESTING/modules/Kbuild" ] || [ -e "$TESTING/modules/Makefile" ] || return 0
	mkdir -p "$work" "$ROOT/lib/modules"
	rsync -rc --delete --exclude='*.o' --exclude='*.ko' --exclude='*.mod*' \
		--exclude='.*' --exclude=modules.order --exclude=Module.symvers \
		"$TESTING/modules/" "$work/"
	make -C "$TREE" O="$BUILD" ARCH=arm64 CROSS_COMPILE="$CROSS_COMPILE" \
		CC="ccache ${CROSS_COMPILE}gcc" -j"$JOBS" M="$work" modules
	cp "$work"/*.ko "$ROOT/lib/modules/"
}

build_initramfs()
{
	rm -rf "$ROOT"
	mkdir -p "$ROOT"/{bin,dev,proc,sys,tmp,mnt,etc,lib}
	cp "$OUT"/arm64/bin/busybox "$ROOT/bin/" 2>/dev/null ||
		cp "$OUT"/arm64/usr/bin/busybox "$ROOT/bin/"
	ln -s busybox "$ROOT/bin/sh"
	ln -s bin "$ROOT/sbin"
	rsync -a "$TESTING/initramfs/" "$ROOT/"
	build_programs
	build_vmm
	install -D -m 644 "$IMAGE" "$ROOT/guest/Image"
	build_modules
	chmod 755 "$ROOT/init"
	(cd "$ROOT" && find . | sort |
	 cpio -o -H newc -R 0:0 --quiet >"$INITRAMFS.new")
	mv "$INITRAMFS.new" "$INITRAMFS"
}

# What decides the contents
inputs()
{
	cat "$BUILD/built"
	find "$TESTING/initramfs" "$TESTING/programs" "$TESTING/modules" \
		"$TOP/tools/virt/pkvm-vmm" \
		"$HERE/initramfs.sh" -type f -printf '%p %T@ %s\n' 2>/dev/null | sort
}

want=$(inputs | sha256sum)
[ "$want" != "$(cat "$ROOT.sum" 2>/dev/null)" ] || [ ! -e "$INITRAMFS" ] || exit 0
rm -f "$ROOT.sum"
step "Building the initramfs" initramfs$VARIANT build_initramfs
echo "$want" >"$ROOT.sum"
