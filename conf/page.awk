# The settings file as the heart of its manual page, mdoc(7):
#
#	awk -f page.awk fcgi-thumb.conf.5.in fcgi-thumb.conf >fcgi-thumb.conf.5
#
# @settings@ on a line of the page stands for all sections of the settings file,
# so that what a key means is written once. They look as tests/check_conf.c wants
# them: "# ---- Name ---" begins one, and a paragraph of comments is about the
# key that it begins with, or about the section.

FNR == NR && $0 == "@settings@" { copy_settings(); next }
FNR == NR { print; next }
{ exit failed }

function copy_settings(    line) {
	while ((getline line <ARGV[2]) > 0)
		take(line)
	end_paragraph()
	end_section()
}

function take(line) {
	sub(/^[ \t]+/, "", line)
	if (line ~ /^# ---- [^-]+ -+$/) {
		end_section()
		gsub(/^# -+ | -+$/, "", line)
		print ".Ss " line
		in_section = 1
	} else if (in_section && line ~ /^# ./) {
		paragraph = paragraph " " substr(line, 3)
	} else {
		end_paragraph()
	}
}

function end_section() {
	if (in_list)
		print ".El"
	in_list = 0
}

function end_paragraph(    key, facts) {
	if (paragraph == "")
		return
	paragraph = substr(paragraph, 2)
	if (match(paragraph, /^[a-z_.]+(\[\])?[a-z_.]*: /)) {
		key = substr(paragraph, 1, RLENGTH - 2)
		paragraph = substr(paragraph, RLENGTH + 1)
		facts = cut_facts(key)
		if (!in_list)
			print ".Bl -tag -width Ds"
		in_list = 1
		print ".It Va " key
		say(paragraph)
		print ".Pp"
		say(facts)
	} else {
		if (in_list)
			print ".Pp"
		say(paragraph)
	}
	paragraph = ""
}

# The last of "type: range. Default: value." in the paragraph; it loses it.
function cut_facts(key,    at, from, facts) {
	while (match(substr(paragraph, from + 1), /[.)] [A-Za-z]+: /)) {
		from += RSTART + 1
		if (substr(paragraph, from + 1) !~ /^Default: /)
			at = from
	}
	facts = substr(paragraph, at + 1)
	if (at == 0 || facts !~ /\. (Default: .*|Required)\.$/) {
		print key ": no type, range and default" >"/dev/stderr"
		failed = 1
	}
	paragraph = substr(paragraph, 1, at - 1)
	return facts
}

# A line a sentence; what stands in `these` is literal.
function say(text,    i, n, parts, end) {
	gsub(/\\/, "\\e", text)
	gsub(/~/, "\\(ti", text)
	gsub(/\^/, "\\(ha", text)
	n = split(text, parts, "`")
	for (i = 1; i <= n; i++) {
		if (i % 2 == 0) {
			end = match(parts[i + 1], /^[.,:;)]/) ? \
			    substr(parts[i + 1], 1, 1) : ""
			print ".Ql " parts[i] (end != "" ? " " end : "")
			parts[i + 1] = substr(parts[i + 1], RLENGTH > 0 ? 2 : 1)
			continue
		}
		sub(/^ +/, "", parts[i])
		sub(/ +$/, "", parts[i])
		print_lines(parts[i])
	}
}

function print_lines(text,    i, n, lines) {
	gsub(/\. /, ".\n", text)
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++)
		print (lines[i] ~ /^[.']/ ? "\\&" : "") lines[i]
}
