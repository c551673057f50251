#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Get what a build needs: packages, QEMU, the kernel source, and the arm64
# busybox and libfdt. Every part first looks whether it is there already, so
# apt is called only for what is missing, and the system's own list of package
# sources is never changed.

. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/apt.sh"
lock_out

KERNEL_VERSION=7.3
KERNEL_PACKAGE=linux-source-$KERNEL_VERSION
QEMU_MIN=10.0
ARM64=$OUT/arm64

# What must be present | the Debian package that has it. A name with a slash
# is a file to find, or a pattern of some, any other a command.
requirements()
{
	cat <<-END
	make|make
	gcc|gcc
	bc|bc
	flex|flex
	bison|bison
	perl|perl
	python3|python3
	git|git
	patch|patch
	cpio|cpio
	rsync|rsync
	xz|xz-utils
	mke2fs|e2fsprogs
	ccache|ccache
	dtc|device-tree-compiler
	sparse|sparse
	clang|clang
	/usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a|libclang-rt-dev
	gcovr|gcovr
	/usr/include/stdio.h|libc6-dev
	/usr/include/openssl/evp.h|libssl-dev
	/usr/include/gelf.h|libelf-dev
	END
	if [ "$CROSS_COMPILE" = aarch64-linux-gnu- ]; then
		cat <<-END
		aarch64-linux-gnu-gcc|gcc-aarch64-linux-gnu
		/usr/aarch64-linux-gnu/lib/libc.a|libc6-dev-arm64-cross
		END
	else
		echo "${CROSS_COMPILE}gcc|a cross compiler (CROSS_COMPILE=)"
	fi
}

present()
{
	case $1 in
	/*) compgen -G "$1" >/dev/null ;;
	*) PATH=$PATH:/sbin:/usr/sbin command -v "$1" >/dev/null ;;
	esac
}

missing_packages()
{
	requirements | while IFS='|' read -r what package; do
		present "$what" || echo "$package"
	done
}

qemu_is_new_enough()
{
	local version
	version=$("$QEMU" --version 2>/dev/null | sed -n 's/.*version \([0-9.]*\).*/\1/p')
	[ -n "$version" ] &&
	[ "$(printf '%s\n' $QEMU_MIN "$version" | sort -V | head -n 1)" = $QEMU_MIN ]
}

# The packages come by apt on Debian 12 and 13; anyone else gets a list.
require_debian()
{
	case $(debian_codename) in
	bookworm | trixie) return ;;
	esac
	echo "This is not Debian 12 or 13, so nothing was installed. Missing:" >&2
	printf '  %s\n' "$@" >&2
	cat >&2 <<-END
	Install them (named as in Debian), or point at your own with
	  KERNEL_SRC=DIR|TARBALL  CROSS_COMPILE=PREFIX-  QEMU=PATH
	END
	exit 1
}

install_packages()
{
	as_root apt-get update &&
	as_root apt-get install -y --no-install-recommends "$@"
}

install_qemu()
{
	local apt

	apt=$(declare -f private_apt)
	as_root env APT="$APT" bash -c "$apt; private_apt install -y \
		--no-install-recommends -t $(debian_codename)-backports \
		qemu-system-arm qemu-system-data"
}

install_qemu_native()
{
	as_root apt-get update &&
	as_root apt-get install -y --no-install-recommends \
		qemu-system-arm qemu-system-data
}

# Put the pristine kernel at out/linux; unfinished work never gets that name.
unpack_kernel()
{
	local src=$1 new=$OUT/linux.new

	rm -rf "$new"
	mkdir -p "$new"
	if [ -d "$src" ]; then
		rsync -a --exclude=/.git "$src/" "$new/"
	else
		tar -xf "$src" -C "$new" --strip-components=1
	fi
	[ -e "$new/arch/arm64/kvm/hyp/nvhe/mem_protect.c" ] ||
		die "$src holds no kernel with arm64 pKVM"
	rm -rf "$OUT/pristine" "$OUT/linux.manifest"
	mv "$new" "$TREE"
}

setup_packages()
{
	local missing

	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -eq 0 ] || {
		require_debian "${missing[@]}"
		step "Installing ${missing[*]}" packages install_packages "${missing[@]}"
	}
	mapfile -t missing < <(missing_packages)
	[ ${#missing[@]} -eq 0 ] || die "still missing: ${missing[*]}"
}

setup_qemu()
{
	qemu_is_new_enough && return
	[ "$QEMU" = qemu-system-aarch64 ] ||
		die "QEMU=$QEMU is absent or older than $QEMU_MIN"
	require_debian "QEMU >= $QEMU_MIN (qemu-system-arm)"
	if [ "$(debian_codename)" = bookworm ]; then
		need_private_lists
		step "Installing QEMU from backports" qemu install_qemu
	else
		step "Installing QEMU" qemu install_qemu_native
	fi
	qemu_is_new_enough || die "QEMU is still older than $QEMU_MIN"
}

setup_arm64()
{
	[ -e "$ARM64/stamp" ] && return
	require_debian "busybox-static and libfdt-dev for arm64, in $ARM64"
	need_private_lists
	step "Fetching arm64 busybox and libfdt" arm64 \
		download "$ARM64" busybox-static:arm64 libfdt-dev:arm64
	touch "$ARM64/stamp"
}

setup_kernel()
{
	local src=${KERNEL_SRC:-} identity

	# A different KERNEL_SRC, or a newer tarball, replaces the tree.
	identity="${src:-debian $KERNEL_PACKAGE}"
	[ -z "$src" ] || identity+=" $(stat -c %Y "$src")"
	[ "$(cat "$OUT/linux.source" 2>/dev/null)" = "$identity" ] && [ -d "$TREE" ] &&
		return
	if [ -z "$src" ]; then
		require_debian "the source of Linux $KERNEL_VERSION (KERNEL_SRC=)"
		need_private_lists
		step "Fetching $KERNEL_PACKAGE (167 MB)" source \
			download "$OUT/source" $KERNEL_PACKAGE
		src=$OUT/source/usr/src/$KERNEL_PACKAGE.tar.xz
	fi
	rm -rf "$TREE"
	step "Unpacking the kernel" unpack unpack_kernel "$src"
	echo "$identity" >"$OUT/linux.source"
}

setup_packages
setup_qemu
setup_arm64
setup_kernel
