#!/bin/sh
# SPDX-License-Identifier: MIT
# No folder may use one that stands above or beside it in the stacks of tools/layers.txt. The exceptions are there, too,
# each with its reason.
#   - #include: a header belongs to its folder. Those of xen/include are shared unless the table gives them an owner.
#   - Calls and data, as the linker sees them: which folder's objects need a symbol of which other's. So the tree must be
#     built. (That is the tuned entry path; of plain/ only the includes are checked.)
#   - In bench/, single files may not need each other in a circle either.
#   - xen/common has no assembly: instructions belong to xen/include/asm.
# An exception that nothing needs any more is an error, so the table stays true.
# usage: [B=build] tools/layers.sh
set -eu

cd "$(dirname "$0")/.."
B=${B:-build}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

find xen guest bench -name '*.[chS]' ! -name '*.lds.S' | sort >"$dir/files"
find xen guest bench -name '*.[ch]' -o -name '*.def' -o -name '*.S' | sort >"$dir/exist"
xargs grep -nH '^# *include' <"$dir/files" >"$dir/includes"
# The object of each source. asm-offsets.c makes a header, plugins and int82-native are built without objects, plain/ is
# not in this build.
sed -n -e '/entry\/plain\|entry\/offsets\|bench\/plugin\|bench\/native\|bench\/probe/d' \
    -e "s|^xen/\\(.*\\)\\.[cS]\$|$B/int82-counters/\\1.o &|p" -e "s|^guest/.*\\.[cS]\$|$B/guest/obj/&.o &|p" \
    -e "s|^bench/\\(.*\\)\\.c\$|$B/bench/\\1.o &|p" "$dir/files" | sed 's|/obj/guest/|/obj/|' >"$dir/objects"
while read -r object source; do
    [ -f "$object" ] || { echo "layers: $source is not built: run make first" >&2; exit 2; }
done <"$dir/objects"
# POSIX's format: NAME TYPE VALUE SIZE, and the file in front.
cut -d ' ' -f 1 "$dir/objects" | xargs nm -A -P >"$dir/symbols"

rc=0
awk '
    function wrong(text) { print "layers: " text; bad = 1 }
    function folder(path,   f) {
        if (path in owner) return owner[path]
        if (path ~ /^guest\/include\//) return "guest/lib"
        for (f = path; sub(/\/[^\/]*$/, "", f); ) if (f in home) return f
        if (!(path in lost)) wrong(path " is in no folder of tools/layers.txt")
        lost[path]
        return ""
    }
    function below(a, b,   s) { s = home[a]; return ((s, b) in rank) && rank[s, b] < rank[s, a] }
    # May folder a use b, for what? Notes the exception that allows it.
    function allowed(a, b, what,   k) {
        if (a == "" || b == "" || a == b || below(a, b)) return 1
        k = a " " b " " what; if (k in except) { needed[k]; return 1 }
        k = a " * " what; if (k in except) { needed[k]; return 1 }
        k = "all " b " " what; if (k in except) { needed[k]; return 1 }
        return 0
    }
    function resolve(name, from,   p) {
        if (name ~ /^</) {
            gsub(/[<>]/, "", name)
            return name ~ /^guest\// ? "guest/include/" name : name ~ /^(asm|xen|public)\// ? "xen/include/" name : ""
        }
        gsub(/"/, "", name)
        if (from ~ /^bench\// && ("bench/" name) in exist) return "bench/" name
        p = from; sub(/[^\/]*$/, "", p); p = p name
        while (sub(/[^\/]+\/\.\.\//, "", p)) ;
        return p
    }
    FILENAME ~ /layers.txt$/ {
        reason = index($0, "#") ? substr($0, index($0, "#") + 1) : ""
        sub(/#.*/, "")
        if (!NF) next
        if ($1 == "stack") { stack = $2; next }
        if ($1 == "owns") { for (i = 3; i <= NF; i++) owner["xen/include/" $i] = $2; next }
        if ($1 == "all" || $1 == "up") {
            first = $1 == "all" ? 3 : 4
            if (reason !~ /[a-z]/) wrong("tools/layers.txt:" FNR ": the reason is missing")
            for (i = first; i <= NF; i++) except[($1 == "all" ? "all " $2 : $2 " " $3) " " $i] = FNR
            next
        }
        level++
        for (i = 1; i <= NF; i++) {
            rank[stack, $i] = level
            if (index($i "/", stack "/") == 1) home[$i] = stack
        }
        next
    }
    FILENAME ~ /exist$/ { exist[$1]; next }
    FILENAME ~ /objects$/ { source[$1] = $2; next }
    FILENAME ~ /includes$/ {
        split($0, part, ":")
        from = part[1]; name = $0
        match(name, /<[^>]*>|"[^"]*"/); name = substr(name, RSTART, RLENGTH)
        to = resolve(name, from)
        if (to == "") { # not ours
            if (from !~ /^bench\// && name !~ /^<std(arg|bool|def|int)\.h>$/) wrong(from ":" part[2] " includes " name ", which no folder has")
            next
        }
        if (!(to in exist)) next # made by the build
        what = to; sub(/^xen\/include\//, "", what)
        if (!allowed(a = folder(from), b = folder(to), what))
            wrong(from ":" part[2] " includes " name ", of " b ", which " a " may not use")
        next
    }
    FILENAME ~ /symbols$/ {
        object = $1; sub(/:$/, "", object)
        n++; at[n] = source[object]; symbol[n] = $2; type[n] = $3
        tree = source[object]; sub(/\/.*/, "", tree)
        if ($3 ~ /^[TDRBCVW]$/) { defined[tree " " $2] = defined[tree " " $2] " " source[object] }
    }
    END {
        for (i = 1; i <= n; i++) {
            if (type[i] != "U") continue
            tree = at[i]; sub(/\/.*/, "", tree)
            a = folder(at[i]); ok = 1; b = ""
            count = split(defined[tree " " symbol[i]], by, " ")
            # Guests define the same names: what is linked is one of those that it may use.
            for (j = 1; tree == "bench" && j <= count; j++) print at[i], by[j] >circle
            for (j = 1; j <= count; j++) if (ok = allowed(a, b = folder(by[j]), symbol[i])) break
            if (!ok) wrong(at[i] " uses " symbol[i] " of " b ", which " a " may not use")
        }
        for (k in except) if (!(k in needed)) {
            split(k, part, " ")
            wrong("tools/layers.txt:" except[k] ": nothing needs " part[3] " any more")
        }
        exit bad
    }' circle="$dir/circle" tools/layers.txt "$dir/exist" "$dir/objects" "$dir/includes" "$dir/symbols" >"$dir/said" || rc=1
sort "$dir/said"

if ! tsort "$dir/circle" >/dev/null 2>"$dir/said" || [ -s "$dir/said" ]; then
    echo "layers: these files of bench/ need each other: $(sed -n 's/^tsort: \(bench.*\)/\1/p' "$dir/said" | tr '\n' ' ')"
    rc=1
fi
if grep -rnE '__asm__|\basm (volatile|goto|\()|\.extable' xen/common --include='*.c'; then
    echo "layers: that is assembly in xen/common: its place is xen/include/asm or xen/arch"
    rc=1
fi
exit $rc
