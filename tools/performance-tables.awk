# SPDX-License-Identifier: MIT
# What tools/performance-tables.sh runs: results first, src=int82, plain or a release of Xen; then src=doc and a document.

function die(text) {
    print "performance-tables: " text > "/dev/stderr"
    failed = 1
    exit 1
}

# Two decimals, without zeros at the end
function num(x) {
    x = sprintf("%.2f", x)
    sub(/0+$/, "", x)
    sub(/\.$/, "", x)
    return x
}

function times(theirs, ours) {
    return sprintf("%.1f", theirs / ours)
}

# The least of a row among releases, " 4.2.5 4.0.4 ..."; which one is left in best_of. 0: none has it.
function best(among, key,    list, n, i, least) {
    n = split(among, list, " ")
    least = 0
    for (i = 1; i <= n; i++)
        if ((list[i], key) in ticks && (!least || ticks[list[i], key] < least)) {
            least = ticks[list[i], key]
            best_of = list[i]
        }
    return least
}

function theirs_of(among, key) {
    return among == "plain" ? ticks["plain", key] : best(among, key)
}

# Geometric means of theirs / ours: over all rows that both have, and with each name counted once.
function means(among,    i, key, ratio, n, sum, per, rows, name) {
    least_ratio = most_ratio = rows_n = names_n = 0
    for (i = 1; i <= order_n; i++) {
        key = order[i]
        if (key ~ /^batching_/ || !theirs_of(among, key))
            continue
        ratio = theirs_of(among, key) / ticks["int82", key]
        least_ratio = !rows_n || ratio < least_ratio ? ratio : least_ratio
        most_ratio = ratio > most_ratio ? ratio : most_ratio
        sum += log(ratio)
        rows_n++
        per[name_of[key]] += log(ratio)
        rows[name_of[key]]++
    }
    if (!rows_n)
        die("no rows in common with" among)
    all_mean = exp(sum / rows_n)
    sum = 0
    for (name in per) {
        sum += per[name] / rows[name]
        names_n++
    }
    name_mean = exp(sum / names_n)
}

# From which number of pages one way takes less than another, for good; between two measured sizes by a straight line
function cheaper_from(who, way, other,    i, n, m, d, e) {
    for (i = 10; i >= 1; i--) {
        n = 2 ^ (i - 1)
        d = ticks[who, way "/" n] - ticks[who, other "/" n]
        if (d >= 0)
            break
    }
    if (!i)
        return 1
    if (i == 10)
        return "never"
    m = 2 * n
    e = ticks[who, way "/" m] - ticks[who, other "/" m]
    return int(n + n * d / (d - e)) + 1
}

# KEY of a figure in a line: [who:]row/batch[@], @ for an entry instead of a call; who: a release, plain, best, oldest;
# mean-best, mean-oldest, mean-plain; names-best: each name counted once; from:way:other: cheaper_from().
function value(key,    who, part, entry, x, b) {
    if (key ~ /^mean-/) {
        means(key == "mean-best" ? pae : key == "mean-oldest" ? old : "plain")
        return sprintf("%.1f", all_mean)
    }
    if (key == "names-best") {
        means(pae)
        return sprintf("%.2f", name_mean)
    }
    if (key ~ /^from:/) {
        split(key, part, ":")
        return cheaper_from("int82", "batching_" part[2], "batching_" part[3])
    }
    entry = sub(/@$/, "", key)
    who = "int82"
    if (key ~ /:/) {
        split(key, part, ":")
        who = part[1]
        key = part[2]
    }
    x = who == "best" ? best(pae, key) : who == "oldest" ? best(old, key) : ticks[who, key]
    if (!x)
        die("there is no figure " key " of " who)
    split(key, b, "/")
    return num(entry ? x / b[2] : x)
}

function cells(line,    out, at, end, key) {
    while ((at = index(line, "<!--= ")) > 0) {
        out = out substr(line, 1, at - 1)
        line = substr(line, at)
        key = substr(line, 7, index(line, "-->") - 7)
        end = index(line, "<!--/-->")
        if (!end)
            die("no <!--/--> after " key)
        out = out "<!--= " key "-->" value(key) "<!--/-->"
        line = substr(line, end + 8)
    }
    return out line
}

# ---- The tables
function one_row(key, among,    theirs) {
    theirs = best(among, key)
    return theirs ? sprintf(" %s (%s) | %s |", num(theirs), best_of, times(theirs, ticks["int82", key])) : " | |"
}

function table_summary(    list, n, i, key) {
    n = split(selected, list, " ")
    print "| row | batch | Int82 | an entry | Xen 4.2.5 | times | best of Xen 3.0.0 to 4.2.5 | times |"
    print "|---|---:|---:|---:|---:|---:|---:|---:|"
    for (i = 1; i <= n; i++) {
        key = list[i]
        printf "| `%s` | %d | %s | %s | %s | %s |%s\n", name_of[key], batch_of[key], value(key), value(key "@"), \
            value("4.2.5:" key), times(ticks["4.2.5", key], ticks["int82", key]), one_row(key, pae)
    }
}

function table_rows(    i, key) {
    print "| row | batch | Int82 | an entry | best of Xen 3.0.0 to 4.2.5 | times | best of Xen 1.2, 2.0.6 | times |"
    print "|---|---:|---:|---:|---:|---:|---:|---:|"
    for (i = 1; i <= order_n; i++) {
        key = order[i]
        if (key !~ /^batching_/)
            printf "| `%s` | %d | %s | %s |%s%s\n", name_of[key], batch_of[key], value(key), value(key "@"), \
                one_row(key, pae), one_row(key, old)
    }
}

function table_means(    list, title, i) {
    split(pae "#" old "#plain", list, "#")
    split("the best of Xen 3.0.0 to 4.2.5, row by row#the best of Xen 1.2 and 2.0.6, row by row#Int82, `ENTRY=plain`", title, "#")
    print "| instructions of ... / Int82's | rows | geometric mean | names | each name once | least | most |"
    print "|---|---:|---:|---:|---:|---:|---:|"
    for (i = 1; i <= 3; i++) {
        means(list[i])
        printf "| %s | %d | %.2f | %d | %.2f | %.2f | %.2f |\n", title[i], rows_n, all_mean, names_n, name_mean, \
            least_ratio, most_ratio
    }
}

function table_batching(    n, k, i, who) {
    print "| N | N update_va_mapping | N mmu_update | one multicall | one mmu_update | Xen 4.2.5: N update_va_mapping | N mmu_update | one multicall | one mmu_update |"
    print "|---:|---:|---:|---:|---:|---:|---:|---:|---:|"
    for (n = 1; n <= 512; n *= 2) {
        printf "| %d |", n
        for (k = 1; k <= 2; k++) {
            who = k == 1 ? "" : "4.2.5:"
            for (i = 1; i <= 4; i++)
                printf " %s |", value(who "batching_" ways[i] "/" n "@")
        }
        printf "\n"
    }
}

function table_breakeven(    i, j, way, other) {
    print "| takes less than | from N = | Xen 4.2.5: from N = |"
    print "|---|---:|---:|"
    for (i = 2; i <= 4; i++)
        for (j = 1; j < i; j++) {
            way = "batching_" ways[i]
            other = "batching_" ways[j]
            printf "| %s, than %s | %s | %s |\n", way_title[i], way_title[j], cheaper_from("int82", way, other), \
                cheaper_from("4.2.5", way, other)
        }
}

function entry_head() {
    print "| row | batch | tuned | plain | plain / tuned |"
    print "|---|---:|---:|---:|---:|"
}

function entry_row(key) {
    printf "| `%s` | %d | %s | %s | %.2f |\n", name_of[key], batch_of[key], value(key), value("plain:" key), \
        ticks["plain", key] / ticks["int82", key]
}

# Each name's smallest and largest batch
function table_entry(    i, key) {
    entry_head()
    for (i = 1; i <= order_n; i++) {
        key = order[i]
        if (key !~ /^batching_/ && (name_of[order[i - 1]] != name_of[key] || name_of[order[i + 1]] != name_of[key]))
            entry_row(key)
    }
}

function table_entryshort(    list, n, i) {
    entry_head()
    n = split(selected, list, " ")
    for (i = 1; i <= n; i++)
        entry_row(list[i])
}

function table_measured(    list, n, i) {
    n = split("date engine_version machine_cpu memory_mib host_cpu hypervisor_revision hypervisor_cc suite cc", list, " ")
    print "| | |"
    print "|---|---|"
    for (i = 1; i <= n; i++)
        print "| `" list[i] "` | " about["int82", list[i]] " |"
    print "| `ENTRY=plain` | `suite` " about["plain", "suite"] ", `hypervisor_sha256` " \
        substr(about["plain", "hypervisor_sha256"], 1, 12) " |"
}

# What grows, and what each figure is at its first and its last point.
function table_growth(    i, key, part) {
    print "| as these grow | from | to | instructions of | from | to |"
    print "|---|---:|---:|---|---:|---:|"
    for (i = 1; i <= growth_n; i++) {
        key = growth_order[i]
        split(key, part, ",")
        printf "| %s | %d | %d | %s | %s | %s |\n", about["growth", part[1]], first_x[key], last_x[key], \
            about["growth", part[1] "_" part[2]], num(first_each[key]), num(last_each[key])
    }
}

function table(name) {
    if (name == "summary") table_summary()
    else if (name == "rows") table_rows()
    else if (name == "means") table_means()
    else if (name == "batching") table_batching()
    else if (name == "breakeven") table_breakeven()
    else if (name == "entry") table_entry()
    else if (name == "entryshort") table_entryshort()
    else if (name == "measured") table_measured()
    else if (name == "growth") table_growth()
    else die("there is no table " name)
}

BEGIN {
    split("uva_flush mmu_single multicall mmu_batch", ways, " ")
    split("N update_va_mapping#N mmu_update#one multicall#one mmu_update", way_title, "#")
    # The rows of the short tables
    selected = "int82_enosys/1 xen_version/1 stack_switch/1 update_descriptor_data/1 mmu_same/1 mmu_same/512 " \
               "mmu_map_rw/1 mmu_map_rw/512 mmu_ro_to_rw/512 uva_map_none/1 multicall_uva_map/32 " \
               "mmuext_invlpg_local/1 pin_l1_full512/512 page_fault_iret/1 evtchn_send_already_pending/1 " \
               "evtchn_send_with_upcall/1 ptwr_store_nonpresent/1"
}

FNR == 1 && src ~ /^[12]\./ { old = old " " src }
FNR == 1 && src ~ /^[34]\./ && index(pae " ", " " src " ") == 0 { pae = pae " " src }

src == "doc" {
    if ($0 ~ /^<!-- end [a-z]+ -->$/)
        skip = 0
    if (skip)
        next
    print cells($0)
    if ($0 ~ /^<!-- begin [a-z]+ -->$/) {
        split($0, word, " ")
        table(word[3])
        skip = 1
    }
    next
}

/^# [a-z0-9_]+: / {
    key = substr($0, 3, index($0, ": ") - 3)
    about[src, key] = substr($0, index($0, ": ") + 2)
}

src == "growth" && $3 ~ /^[0-9]+$/ {
    key = $1 "," $2
    if (!(key in first_x)) {
        growth_order[++growth_n] = key
        first_x[key] = $3
        first_each[key] = $6
    }
    last_x[key] = $3
    last_each[key] = $6
}

$2 ~ /^[0-9]+$/ {
    name = $1
    # The peers' names that are not ours (results/peers/README.md)
    if (name == "fpu_taskswitch")
        name = "fpu_taskswitch_clear"
    if (name == "uva_back_to_rw")
        name = name "_" (seen[src]++ == 0 ? "none" : seen[src] == 2 ? "invlpg" : "flush")
    key = name "/" $2
    ticks[src, key] = $3
    name_of[key] = name
    batch_of[key] = $2
    if (src == "int82")
        order[++order_n] = key
}

END {
    if (skip && !failed)
        die("a table has no end")
}
