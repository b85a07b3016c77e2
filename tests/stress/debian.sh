# Debians of debootstrap's for the commands beside this file, which source it with $suite set and set $trial, the
# root that `inside` is about. Bash; root.
# shellcheck shell=bash

: "${suite:?}"
trial=
project=$(realpath "$(dirname "${BASH_SOURCE[0]}")/../..")
bare=$project/build-bare
base=$bare/$suite
# shellcheck disable=SC1091 # the system's own
own_codename=$(. /etc/os-release && echo "$VERSION_CODENAME")

say() { printf '%s: %s\n' "$(basename "$0")" "$*"; }

fail() {
	say "$*" >&2
	exit 1
}

# The machine's own sources of Debian: one "URI|CODENAME" a line. Mirrors, proxies and credentials differ from
# machine to machine, so they are looked up now and written nowhere else.
debian_sources() {
	# shellcheck disable=SC2016 # apt expands them
	apt-get indextargets --format '$(REPO_URI)|$(CODENAME)|$(ORIGIN)' 'Created-By: Packages' |
		sed -n 's/|Debian$//p' | sort -u
}

mirror() {
	debian_sources | awk -F '|' -v codename="$own_codename" '$2 == codename { print $1; exit }'
}

make_base() {
	local url
	[ -d "$base" ] && return
	command -v debootstrap >/dev/null || fail "debootstrap is not installed"
	url=$(mirror)
	[ -n "$url" ] || fail "apt on this machine knows no Debian mirror (apt-get update?)"
	say "making a minimal $suite"
	rm -rf "$base.part"
	mkdir -p "$bare"
	debootstrap --variant=minbase "$suite" "$base.part" "$url" >"$bare/$suite.log" 2>&1 ||
		fail "debootstrap failed; see $bare/$suite.log"
	mv "$base.part" "$base"
}

# The sources of this machine, moved to the suite; its proxies and credentials, but not its hooks, which may
# call what is not there.
configure_apt() {
	local etc=$1/etc/apt url codename
	rm -f "$etc/sources.list"
	debian_sources | while IFS='|' read -r url codename; do
		echo "deb $url ${codename/#$own_codename/$suite} main"
	done >"$etc/sources.list.d/trial.list"
	apt-config dump Acquire >"$etc/apt.conf.d/00acquire"
	cp -r /etc/apt/auth.conf /etc/apt/auth.conf.d /etc/apt/trusted.gpg.d "$etc/" 2>/dev/null || :
	if [ -f /etc/ssl/certs/ca-certificates.crt ]; then
		mkdir -p "$1/etc/ssl/certs"
		cp -L /etc/ssl/certs/ca-certificates.crt "$1/etc/ssl/certs/"
	fi
	# The package ca-certificates, once it is installed there, makes that file anew, of these too.
	if [ -d /usr/local/share/ca-certificates ]; then
		mkdir -p "$1/usr/local/share"
		cp -rL /usr/local/share/ca-certificates "$1/usr/local/share/"
	fi
	cp -L /etc/resolv.conf /etc/hosts "$1/etc/"
}

# A copy of the minimal Debian in folder $1, with a clean checkout in /woodshed, and what is not committed yet.
make_trial() {
	make_base
	rm -rf --one-file-system "$1"
	cp -a --reflink=auto "$base" "$1"
	configure_apt "$1"
	copy_project "$1"
}

copy_project() {
	rm -rf "$1/woodshed"
	mkdir "$1/woodshed"
	git -C "$project" ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
		[ ! -e "$project/$file" ] || printf '%s\0' "$file"
	done | tar -C "$project" --null -T - -c | tar -C "$1/woodshed" --no-same-owner -x
}

# Runs a command in the root $trial with an empty environment but for proxies, and without a standard input. WRAP, if
# set, is a command that each is run by: nice, or whatever keeps this machine's peace.
inside() {
	local proxies
	mapfile -t proxies < <(env | grep -iE '^(https?|ftp|no)_proxy=' || :)
	# shellcheck disable=SC2086 # a command and its arguments
	${WRAP-} chroot "$trial" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
		"${proxies[@]}" /bin/sh -c 'cd /woodshed && exec "$@"' sh "$@" </dev/null
}

# In a mount and process namespace of its own: the mounts go with it, and so does whatever still runs.
mount_trial() {
	mount -t proc proc /proc
	mount -t proc proc "$trial/proc"
	mount --rbind /dev "$trial/dev"
	mount -t tmpfs -o mode=1777 tmpfs "$trial/dev/shm"
}

need_root_and_namespaces() {
	[ "$(id -u)" = 0 ] || fail "a chroot needs root"
	unshare --mount --pid --fork true 2>/dev/null || fail "this machine allows no namespaces (a container?)"
}
