# SPDX-License-Identifier: GPL-2.0-only
# What probe.awk and needs.awk have in common: reading kernel headers. They are reduced to one line each: no comments,
# single blanks, directives closed by a semicolon, so that a regular expression need not care how a declaration was broken.

function fail(text)
{
	printf "error: %s:%d: %s: %s\n", FILENAME, FNR, $1, text > "/dev/stderr"
	failed = 1
	exit 1
}

# The text of HEADER wherever the compiler would find it first; "" where there is none.
function load(header,    n, dirs, i, line, got, buf, text, file, cut, directive)
{
	if (header in loaded)
		return loaded[header]
	n = split(path, dirs, " ")
	got = -1
	for (i = 1; i <= n && got < 0; i++) {
		file = dirs[i] "/" header
		got = (getline line < file)
	}
	buf = text = ""
	incomment = 0
	directive = 0
	for (; got > 0; got = (getline line < file)) {
		line = uncomment(line)
		if (line ~ /^[ \t]*#/)
			directive = 1
		cut = sub(/\\$/, "", line)
		if (directive && !cut) {
			line = line " ;"
			directive = 0
		}
		gsub(/[ \t]+/, " ", line)
		if (line != "" && line != " ")
			buf = buf " " line
		if (length(buf) > 4000) {
			text = text buf
			buf = ""
		}
	}
	close(file)
	text = text buf
	gsub(/  +/, " ", text)
	found[header] = (file != "" && text != "")
	loaded[header] = text
	return text
}

# A line without what of it is comment; incomment carries over to the next line.
function uncomment(line,    p, out)
{
	out = ""
	while (line != "") {
		if (incomment) {
			p = index(line, "*/")
			if (!p)
				return out
			line = substr(line, p + 2)
			incomment = 0
		}
		p = index(line, "/*")
		if (!p)
			break
		out = out substr(line, 1, p - 1) " "
		line = substr(line, p + 2)
		incomment = 1
	}
	sub(/\/\/.*/, "", line)
	return out line
}

# What stands between the bracket at the start of TEXT and its partner, both included.
function bracketed(text, open, shut,    i, c, depth, n)
{
	n = length(text)
	depth = 0
	for (i = 1; i <= n; i++) {
		c = substr(text, i, 1)
		if (c == open)
			depth++
		else if (c == shut && --depth == 0)
			return substr(text, 1, i)
	}
	return text
}

# Is there a function or macro NAME whose prototype, return type included, matches RE?
function has_function(text, name, re,    before, rest)
{
	while (match(text, "[^A-Za-z0-9_]" name " ?\\(")) {
		before = substr(text, RSTART > 200 ? RSTART - 200 : 1, RSTART > 200 ? 201 : RSTART)
		sub(/.*[;{}]/, "", before)
		rest = substr(text, RSTART + 1)
		text = substr(text, RSTART + RLENGTH)
		rest = name bracketed(substr(rest, index(rest, "("), 2000), "(", ")")
		if (re == "" || (before rest) ~ re)
			return 1
	}
	return 0
}

# Does the body of struct or enum NAME match RE?
function has_member(text, name, re,    rest)
{
	while (match(text, "[^A-Za-z0-9_](struct|enum|union) " name " ?\\{")) {
		rest = substr(text, RSTART + RLENGTH - 1)
		text = substr(text, RSTART + RLENGTH)
		if (bracketed(rest, "{", "}") ~ re)
			return 1
	}
	return 0
}

function probe(kind, header, subject, re,    text)
{
	text = load(header)
	if (kind == "file")
		return found[header]
	if (kind == "text")
		return text ~ re
	if (kind == "fn")
		return has_function(text, subject, re)
	if (kind == "member")
		return has_member(text, subject, re)
	fail("kind " kind ": not one of file, text, fn, member")
}

# What follows the first N words of the line
function after(n,    rest)
{
	rest = $0
	while (n--)
		sub(/^[^ \t]+[ \t]*/, "", rest)
	sub(/[ \t]+$/, "", rest)
	return rest
}
