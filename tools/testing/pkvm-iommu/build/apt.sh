# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
#
# Shared by the scripts that fetch packages: a private view of the Debian archive.
# After lib.sh.

APT=$OUT/apt
DOWNLOAD=$OUT/download

debian_codename()
{
	# shellcheck disable=SC1091
	(. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] &&
	 echo "$VERSION_CODENAME")
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	elif command -v sudo >/dev/null; then
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	else
		die "root or sudo is needed for: $*"
	fi
}

# A private view of the Debian archive, beside the system's own, through the
# mirror that this machine uses.
private_apt()
{
	apt-get -o Dir::Etc::sourcelist=/dev/null \
		-o Dir::Etc::sourceparts="$APT/sources" \
		-o Dir::State::Lists="$APT/lists" \
		-o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= \
		-o APT::Architectures::="$(dpkg --print-architecture)" \
		-o APT::Architectures::=arm64 \
		-o APT::Sandbox::User=root "$@"
}

# private_lists SUITE...
private_lists()
{
	local mirror suite

	# The system's own lists must exist before they can name the mirror.
	mirror=$(debian_mirror)
	if [ -z "$mirror" ]; then
		as_root apt-get update
		mirror=$(debian_mirror)
	fi
	[ -n "$mirror" ] || die "apt knows no Debian mirror"

	mkdir -p "$APT/sources" "$APT/lists/partial"
	for suite; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		     "$mirror $suite main"
	done | sort -u >"$APT/sources/debian.list"
	private_apt update
	touch "$APT/stamp"
}

debian_mirror()
{
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
	grep -E '/debian/?$' | head -n 1
}

# The release with backports, and Debian 13's backports, which have the base
# kernel. Lists older than a day may name packages that the mirror dropped.
need_private_lists()
{
	local release

	[ -z "$(find "$APT/stamp" -mmin -1440 2>/dev/null)" ] || return 0
	release=$(debian_codename)
	step "Fetching package lists" apt-lists private_lists "$release" \
		"$release-updates" "$release-backports" trixie-backports
}

# download DIR PACKAGE...: fetch packages and unpack them below DIR.
download()
{
	local dir=$1

	shift
	mkdir -p "$DOWNLOAD" "$dir"
	rm -f "$DOWNLOAD"/*.deb
	(cd "$DOWNLOAD" && private_apt download "$@")
	for deb in "$DOWNLOAD"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -f "$DOWNLOAD"/*.deb
}
