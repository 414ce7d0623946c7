# shellcheck shell=bash disable=SC2034,SC2154 # parts of one script
# Roots of other Debians, made once by debootstrap and kept in build/. What is
# done in them has this machine's network and its devices: they are for making
# things, not for running strangers' code.

# The mirror that apt has been told to use.
debian_mirror() {
	# shellcheck disable=SC2016 # apt fills these in
	apt-get indextargets --format '$(REPO_URI) $(LABEL)' \
		'Identifier: Packages' | sed -n 's/ Debian$//p' | head -n 1
}

# make_root SUITE DIR [PACKAGE...]: what debootstrap takes for a system of that
# name, and these packages. Whole or not there at all.
make_root() {
	local log=$top/build/roots.log mirror include=
	mirror=$(debian_mirror)
	[ -n "$mirror" ] || die "apt knows no mirror of Debian: apt-get update"
	[ $# -eq 2 ] || include=--include=$(IFS=, && echo "${*:3}")
	say "making a Debian $1 in $2 (some minutes)"
	mkdir -p "$(dirname "$2")"
	: >"$log"
	as_root rm -rf -- "$2" "$2.new"
	quietly "$log" guarded as_root debootstrap --variant=minbase \
		${include:+"$include"} "$1" "$2.new" "$mirror"
	as_root mv -- "$2.new" "$2"
}

# fill_root DIR PACKAGE...: apt, not debootstrap, installs what has many
# dependencies: it knows the right order. What is in there is noted, so that a
# root that was kept gets what is new.
fill_root() {
	local log=$top/build/roots.log root=$1 missing
	as_root touch "$root/installed"
	mapfile -t missing < <(printf '%s\n' "${@:2}" |
		grep -vxF -f "$root/installed")
	[ ${#missing[@]} -gt 0 ] || return 0
	say "installing in $root: ${missing[*]}"
	: >"$log"
	quietly "$log" guarded in_root "$root" apt-get -q update
	quietly "$log" guarded in_root "$root" apt-get -q -y \
		--no-install-recommends install "${missing[@]}"
	printf '%s\n' "${missing[@]}" |
		as_root tee -a "$root/installed" >/dev/null
}

# sources_into DIR: as they are now, committed or not, in its /src.
sources_into() {
	as_root rm -rf -- "$1/src"
	as_root mkdir "$1/src"
	tar -C "$top" --exclude=./.git --exclude=./build --exclude=./var \
		--exclude=./autom4te.cache --exclude=node_modules -cf - . |
		as_root tar -C "$1/src" -xof -
}

# in_root DIR COMMAND...: with mounts that go with the command, however that
# ends.
in_root() {
	as_root unshare --mount --propagation private \
		bash dev.d/into-root.sh "$@"
}
