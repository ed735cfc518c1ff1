# embed: schema files as C strings, in order, for db/schema.h.
# The version is the number in front of the file's name.
# SPDX-License-Identifier: ISC
BEGIN {
	print "/* schema.c: made by embed.awk from db/schema; do not edit. */"
	print "#include \"db/schema.h\"\n"
	print "const struct schema_step schema_steps[] = {"
}
FNR == 1 {
	if (count++)
		print "\t},"
	name = FILENAME
	sub(/.*\//, "", name)
	printf "\t{ %d, \"%s\",\n", name + 0, name
}
{
	gsub(/\\/, "&&")
	gsub(/"/, "\\\"")
	print "\t\t\"" $0 "\\n\""
}
END {
	print "\t},\n};\n"
	printf "const size_t schema_count = %d;\n", count
}
