# SPDX-License-Identifier: GPL-2.0-only
# compat/needs -> what can be built; see compat/modules. Behind headers.awk. With -v config= the kernel's configuration and
# -v symvers= its exported symbols, if it says; without config= whatever it is or exports.
# Prints "build NAME FOLDER", "out MODULE WHY" and "lacks MODULE WHAT".

# The lines of FILE are passed to keep()
function slurp(file,    line) {
	while ((getline line < file) > 0)
		keep(line)
	close(file)
}

function keep(line,    word)
{
	split(line, word, "\t")
	if (word[4] ~ /^EXPORT_SYMBOL/)
		exported[word[2]] = ++symbols
	else if (match(line, /^CONFIG_[A-Za-z0-9_]+=/))
		set[substr(line, 8, RLENGTH - 8)] = substr(line, RLENGTH + 1)
}

function on(name) { return config == "" || set[name] == "y" || set[name] == "m" }

# What the line wants of the headers, in words
function wanted(kind, header, subject, re)
{
	gsub(/,/, " or ", header)
	if (kind == "file")
		return "header " header
	if (kind == "fn")
		return "function " subject "() in " header
	if (kind == "member")
		return "\"" re "\" in struct " subject " of " header
	return "\"" re "\" in " header
}

function leave_out(module, why)
{
	if (!(module in out))
		out[module] = why
}

function in_headers(kind, list, subject, re,    headers, n, h)
{
	n = split(list, headers, ",")
	for (h = 1; h <= n; h++)
		if (probe(kind, headers[h], subject, re))
			return 1
	return 0
}

BEGIN {
	if (config != "")
		slurp(config)
	if (symvers != "")
		slurp(symvers)
}

/^[ \t]*(#|$)/ { next }

!($1 in known) {
	known[$1] = 1
	order[++modules] = $1
}

NF < 3 { fail("too few words") }

$2 == "config" {
	if (!on($3))
		leave_out($1, "CONFIG_" $3 " is off")
	next
}

$2 == "module" {
	if (!($3 in known))
		fail("module " $3 " is not above it")
	if ($3 in out)
		leave_out($1, $3 " is")
	next
}

$2 == "where" {
	if (config != "" && !($3 in exported))
		leave_out($1, "the kernel does not export " $3)
	next
}

$2 == "twin" {
	if (set[$3] == "y")
		suffix[$1] = "-pv"
	next
}

$1 in out { next }

$2 == "symbol" {
	if (symbols && !($3 in exported))
		print "lacks " $1 " exported symbol " $3
	next
}

{
	only = sub(/[ \t]only[ \t]/, " ")
	subject = $2 == "fn" || $2 == "member" ? $4 : ""
	re = after(subject == "" ? 3 : 4)
	if (in_headers($2, $3, subject, re))
		next
	if (only)
		leave_out($1, "the kernel has no " wanted($2, $3, subject, re))
	else
		print "lacks " $1 " " wanted($2, $3, subject, re)
}

END {
	if (failed)
		exit 1
	for (m = 1; m <= modules; m++)
		if (order[m] in out)
			print "out " order[m] " " out[order[m]]
		else
			print "build " order[m] suffix[order[m]] " " order[m]
}
