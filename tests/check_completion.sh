#!/bin/bash
# bash's completion of thumbctl: all that its help names, and nothing else.
# Usage: check_completion.sh, in the build directory.
set -euo pipefail

build=$PWD
dir=$(mktemp -d "${TMPDIR:-/tmp}/fcgi-thumb-test.XXXXXX")
trap 'rm -rf "$dir"' EXIT
bad=0

# A quarantine needs a store and photos that workers died of.
mkdir "$dir/bin" "$dir/place" "$dir/a b"
ln -s "$build/fcgi-thumb/fcgi-thumb" "$dir/bin/fcgi-thumb"
cat >"$dir/bin/thumbctl" <<TEXT
#!/bin/sh
case \$* in
*"quarantine list") printf 'qmbunesoajlx5o7xqfyn4m3bom\t2\tpoison\t-\n' ;;
*) exec "$build/fcgi-thumb/thumbctl" "\$@" ;;
esac
TEXT
chmod 755 "$dir/bin/thumbctl"
export PATH=$dir/bin:$PATH
echo 'presets = ( { name = "tiny"; width = 9; height = 9; } );' >"$dir/my.conf"

# shellcheck source=packaging/bash-completion/thumbctl
. "${srcdir:-.}/packaging/bash-completion/thumbctl"

# completions LINE: of its last word, which a space at the end leaves empty.
completions() {
	local COMP_WORDS COMP_CWORD COMPREPLY
	# As bash parts words: "=" is one of its own.
	read -ra COMP_WORDS <<<"${1//=/ = }"
	[ "${1% }" = "$1" ] || COMP_WORDS+=('')
	COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
	_thumbctl
	[ ${#COMPREPLY[@]} -eq 0 ] || printf '%s\n' "${COMPREPLY[@]}" | sort -u
}

# gives LINE WORD...: these are completed, and no others
gives() {
	local line=$1 got want
	shift
	got=$(completions "$line")
	want=$([ $# -eq 0 ] || printf '%s\n' "$@" | sort -u)
	[ "$got" = "$want" ] && return
	printf 'of "%s": %s\nwanted: %s\n' "$line" "${got//$'\n'/ }" \
		"${want//$'\n'/ }"
	bad=1
}

[ "$(complete -p thumbctl)" = "complete -F _thumbctl thumbctl" ] || bad=1

# Commands and options, as the help has them.
mapfile -t commands < <(thumbctl -h |
	sed -n '/^commands:/,$s/^  \([a-z][a-z-]*\) .*/\1/p')
[ ${#commands[@]} -gt 10 ] || bad=1
gives "thumbctl " "${commands[@]}"
gives "thumbctl -c $dir/my.conf " "${commands[@]}"
gives "thumbctl dele" delete
gives "thumbctl no-such-command "
gives "thumbctl -" -c -h -V --help
for command in "${commands[@]}"; do
	usage=$(thumbctl "$command" --help | sed -n '1,/^    [a-z]/p')
	mapfile -t options < <(grep -oE -- '--[a-z0-9-]+' <<<"$usage" || true)
	gives "thumbctl $command -" --help "${options[@]}"
	while read -r option kind; do
		case $kind in
		DIR) gives "thumbctl $command $option $dir/pl" "$dir/place" ;;
		FILE) gives "thumbctl $command $option $dir/m" "$dir/my.conf" ;;
		MS | N | DURATION | BYTES) gives "thumbctl $command $option " ;;
		esac
	done < <(grep -oE -- '--[a-z0-9-]+ [A-Z]+' <<<"$usage" || true)
done

# What they take.
gives "thumbctl -c $dir/m" "$dir/my.conf"
gives "thumbctl nginx-conf $dir/pl" "$dir/place"
gives "thumbctl apply --wait 2m $dir/m"
gives "thumbctl doctor --templates $dir/place $dir/a" "$dir/a b"
gives "thumbctl quarantine " list show release
gives "thumbctl quarantine r" release
gives "thumbctl quarantine release " qmbunesoajlx5o7xqfyn4m3bom
gives "thumbctl quarantine list "
gives "thumbctl release st" stage start status stop
gives "thumbctl release rollout --by " customer request
gives "thumbctl release rollout --by request --st" --standalone --step --steps
gives "thumbctl release switch --st" --standalone
mkdir -p "$dir/versions/0.1.0" "$dir/versions/0.2.0"
echo "release_dir = \"$dir\";" >"$dir/slots.conf"
gives "thumbctl -c $dir/slots.conf release stage 0.1" 0.1.0
gives "thumbctl -c $dir/slots.conf release stage $dir/pl" "$dir/place"
gives "thumbctl -c $dir/slots.conf release stage --settings $dir/m" "$dir/my.conf"
gives "thumbctl delete "
: >"$dir/empty.conf"
gives "thumbctl -c $dir/empty.conf regenerate --preset " large medium square
gives "thumbctl -c $dir/my.conf regenerate --preset " tiny
gives "thumbctl -c $dir/my.conf regenerate --preset=t" tiny
gives "thumbctl -c $dir/my.conf regenerate --preset=" tiny
gives "thumbctl -c $dir/none.conf regenerate --preset "

exit $bad
