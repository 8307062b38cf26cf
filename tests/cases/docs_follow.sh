#!/bin/sh
# SPDX-License-Identifier: MIT
# tests/follow.sh, on which the tests of docs/ rely: blocks go where they belong, and each way in which a page can be wrong
# (a file that the text does not name, no such file, a line that is not there, output that is not shown) is noticed.
. tests/lib.sh
. tests/follow.sh

tree=$CASE_TMP/tree
# follows NAME WANTED: the page on standard input, followed in a small tree; WANTED is a line that this must print.
follows() {
    rm -rf "$tree"
    mkdir "$tree"
    printf 'one\n  two\none more\n' >"$tree/file"
    cat >"$CASE_TMP/page"
    follow_page "$CASE_TMP/page" "$tree" >"$CASE_TMP/said" 2>&1 || true
    check_text "$1" "$2" "$CASE_TMP/said"
}

page() {
    cat <<END
Words that name \`file\` and \`new\`.
\`\`\`
not marked
\`\`\`
Again \`${4:-file}\`:

<!-- follow: $1 -->
\`\`\`c
$2
\`\`\`

<!-- follow: run -->
\`\`\`sh
cat file
ls
\`\`\`

<!-- follow: shows -->
\`\`\`text
$3
\`\`\`
END
}

page 'append file' 'last' 'one more
last' | follows "append" '@test pass 3 blocks followed'
page 'before file two' 'new' 'one
new
two' | follows "before, with blanks" '@test pass block 3'
page 'before file one' 'new' 'two
new
one more' | follows "before the last that fits" '@test pass block 3'
page 'diff file' '-  two
+2 or 3.5
+and' 'one
FIGURE or FIGURE
and
one  more' | follows "diff, FIGURE, blanks" '@test pass block 3'
page 'create new' 'x' 'new' new | follows "create" '@test pass 3 blocks followed'

page 'append file' 'last' 'last
one more' | follows "another order" '@test fail block 3: not in the output: one more'
page 'append file' 'last' 'FIGURE' | follows "no figure" '@test fail block 3: not in the output: FIGURE'
page 'append file' 'last' 'o.e' | follows "a dot is a dot" '@test fail block 3: not in the output: o.e'
page 'append file' 'last' 'last' other | follows "a file not named" '@test fail block 1: the text above it does not name file'
page 'append nofile' 'last' 'last' nofile | follows "no such file" '@test fail block 1: cannot append nofile'
page 'create file' 'last' 'last' | follows "a file that exists" '@test fail block 1: cannot create file'
page 'before file three' 'new' 'new' | follows "no such line" '@test fail block 1: cannot before file'
page 'diff file' '-two
+2' '2' | follows "no such line to replace" '@test fail block 1: cannot diff file'
page 'diff file' '-one
+1' '1' | follows "part of a line is none" '@test pass block 3'
page 'diff file' '2' '2' | follows "no diff" '@test fail block 1: cannot diff file'
page 'eat file' '2' '2' | follows "an unknown order" "@test fail block 1: what is 'eat'?"
{
    page 'append file' 'false' 'last'
    printf '<!-- follow: run -->\n```sh\nfalse\ntrue\n```\n'
} | follows "a command fails" '@test fail block 4: status 1'
