/* SPDX-License-Identifier: MIT */
#include "cmd/profile.h"
#include "measure/guest_run.h"
#include "measure/host.h"
#include "profile/guest_profile.h"
#include "view/plot.h"

#include <elf.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define UNFIT 10 /* per cent of the hypervisor's instructions that may differ from the file of its symbols */

/* The same for all hypervisors, so that they can be compared: Xen must be told where its console is. */
#define OPTIONS "com1=115200,8n1 console=com1"

/* ---- the guest and the hypervisor -------------------------------------------------------------------------------- */

/* NULL if it is no 32-bit ELF file. */
static const Elf32_Ehdr *elf_header(const struct buf *b)
{
    const Elf32_Ehdr *h = (const void *)b->p;

    return b->n >= sizeof(*h) && !memcmp(h->e_ident, ELFMAG, SELFMAG) && h->e_ident[EI_CLASS] == ELFCLASS32 ? h : NULL;
}

static void read_file(const char *path, struct buf *b)
{
    if (!file_read(path, b))
        die(EXIT_MISSING, "cannot read %s", path);
}

/* Symbols are good to have, not needed: NULL when PATH has none. */
static struct elf *symbols_of(const char *path)
{
    struct buf b = {0};
    const Elf32_Ehdr *h;
    bool found = false;

    read_file(path, &b);
    h = elf_header(&b);
    if (h && h->e_shentsize == sizeof(Elf32_Shdr) && (uint64_t)h->e_shoff + h->e_shnum * sizeof(Elf32_Shdr) <= b.n) {
        const Elf32_Shdr *s = (const void *)(b.p + h->e_shoff);

        for (size_t i = 0; i < h->e_shnum; i++)
            found |= s[i].sh_type == SHT_SYMTAB && s[i].sh_size > sizeof(Elf32_Sym);
    }
    buf_free(&b);
    return found ? elf_load(path) : NULL;
}

static uint32_t address_option(const char *name, const char *value, uint32_t otherwise)
{
    char *end;
    unsigned long n;

    if (!value || !*value)
        return otherwise;
    n = strtoul(value, &end, 16);
    if (*end || n > UINT32_MAX)
        die(EXIT_USAGE, "--%s=%s: an address, in hexadecimal", name, value);
    return n;
}

/* A kernel's addresses begin where its image's do, rounded down. */
static uint32_t kernel_start(const char *path)
{
    struct buf b = {0};
    uint32_t low = UINT32_MAX;
    const Elf32_Ehdr *h;

    read_file(path, &b);
    h = elf_header(&b);
    for (size_t i = 0; h && i < h->e_phnum; i++) {
        uint64_t at = h->e_phoff + i * sizeof(Elf32_Phdr);
        const Elf32_Phdr *p = (const void *)(b.p + at);

        if (at + sizeof(*p) <= b.n && p->p_type == PT_LOAD && p->p_vaddr < low)
            low = p->p_vaddr;
    }
    buf_free(&b);
    return low == UINT32_MAX ? 0xc0000000 : low & ~0x3fffffu;
}

/* The windows that Int82 writes page tables through (asm/layout.h). */
static const char *entries_range(const struct elf *hypervisor)
{
    for (size_t i = 0; hypervisor && i < hypervisor->symbols_n; i++)
        if (!strcmp(hypervisor->symbols[i].name, "window_frame"))
            return ",entries=fb800000-fc800000";
    return "";
}

static char *plugin_argument(const struct guest_profile *p, const char *functions, const char *trace)
{
    char *plugin = fmt("%s/int82-guest.so", build_dir()), *text = guest_functions(p);
    struct buf b = {0};

    if (!file_exists(plugin))
        die(EXIT_MISSING, "%s is not there: run `make`", plugin);
    file_write(functions, text, strlen(text));
    add_option_text(&b, plugin);
    buf_printf(&b, ",functions=");
    add_option_text(&b, functions);
    buf_printf(&b, ",out=");
    add_option_text(&b, trace);
    buf_printf(&b, ",hypervisor=%x,kernel=%x%s", p->hypervisor_start, p->kernel_start,
               entries_range(p->hypervisor_elf));
    free(plugin);
    free(text);
    return b.p;
}

/* The symbols must be those of what ran, except for a few instructions that are patched at run time. */
static void check_symbols(const struct guest_profile *p)
{
    uint64_t wrong = 0, all = 0;

    for (size_t i = 0; p->hypervisor_elf && i < p->tree.cells_n; i++) {
        const struct cell *c = &p->tree.cells[i];
        const void *there;

        if (c->address < p->hypervisor_start)
            continue;
        there = elf_bytes(p->hypervisor_elf, c->address, c->size);
        all += c->count;
        wrong += !there || memcmp(there, c->bytes, c->size) ? c->count : 0;
    }
    if (wrong * 100 > all * UNFIT)
        die(EXIT_USAGE,
            "the symbols of %s are not those of %s: %.0f%% of what it executed is something else there; name the right "
            "file with --symbols (SYMBOLS=)",
            p->hypervisor_elf->path, p->hypervisor, 100.0 * wrong / all);
}

/* ---- the run ----------------------------------------------------------------------------------------------------- */

static struct batch_costs *find_costs(const struct profile_options *o, bool ours)
{
    const char *path = or_else(o->costs, ours ? fmt("%s/results/baseline", tree_root()) : NULL);
    char *why = NULL;
    struct batch_costs *c = path ? batch_costs_load(path, &why) : NULL;

    if (path && !c && o->costs && *o->costs)
        die(EXIT_MISSING, "--costs: %s", why);
    return c;
}

static bool is_ours(const char *hypervisor)
{
    size_t n = strlen(build_dir());

    return !strncmp(hypervisor, build_dir(), n) && hypervisor[n] == '/';
}

static bool run(struct profile_options *o, const char *plugin)
{
    const struct guest_run g = {
        .qemu = or_else(o->qemu, "qemu-system-i386"),
        .cpu = o->cpu,
        .hypervisor = o->run.hypervisor,
        .hv_args = o->run.hv_args,
        .guest = o->run.guest,
        .guest_args = o->run.guest_args,
        .initrd = o->initrd,
        .memory = o->run.memory,
        .plugin = plugin,
        .timeout = o->run.timeout,
    };

    return guest_run(&g, o->run.console);
}

static void draw(const struct guest_profile *p, const char *dir)
{
    struct buf b = {0};
    char *title = plot_text(fmt("%s on %s (%s)", p->guest, p->hypervisor, p->revision));
    size_t n = p->reasons_n < 16 ? p->reasons_n : 16;

    buf_printf(&b, "$parts << EOD\n");
    for (enum component c = USER; c > BOOT; c--)
        buf_printf(&b, "%d \"%s\" %" PRIu64 " %.4g\n", USER - c, component_names[c], guest_ticks(p, c),
                   100.0 * guest_ticks(p, c) / guest_total(p));
    buf_printf(&b, "EOD\n$reasons << EOD\n");
    for (size_t i = n; i-- > 0;)
        buf_printf(&b, "%zu \"%s\" %" PRIu64 " %.4g\n", n - 1 - i, p->reasons[i].name, p->reasons[i].stats.sum,
                   100.0 * p->reasons[i].stats.sum / guest_total(p));
    buf_printf(&b,
               "EOD\nset grid xtics linecolor \"#dddddd\" linetype 1\nset border 3 linecolor \"#666666\"\n"
               "set tics nomirror\nset style fill solid noborder\nset key off\nset boxwidth 0.7\n"
               "set yrange [-0.6:*]\nset xrange [0:*]\nset format x \"%%.1s%%c\"\nset lmargin 36\nset rmargin 12\n"
               "what = \"%s\"\n"
               "bars(rgb) = 'using (0):0:(0):3:($0-0.35):($0+0.35):ytic(2) with boxxyerror linecolor rgb \"'.rgb.'\"'\n"
               "labels = 'using 3:0:(sprintf(\" %%.2f %%%%\", $4)) with labels left font \",9\"'\n"
               "draw = 'set multiplot title what;"
               "set size 1,0.3; set origin 0,0.64; set title \"instructions, and their share of all\"; unset xlabel;"
               "plot $parts '.bars(\"#4477aa\").', $parts '.labels.';"
               "set size 1,0.64; set origin 0,0; set title \"the hypervisor, by reason of entry%s\";"
               "set xlabel \"instructions\";"
               "plot $reasons '.bars(\"#ee6677\").', $reasons '.labels.';"
               "unset multiplot'\n",
               title, n < p->reasons_n ? " (the dearest 16)" : "");
    plot_draw(dir, "guest", 1000, 320 + 26 * (n < 4 ? 4 : n), b.p);
    free(title);
    buf_free(&b);
}

static void write_all(struct guest_profile *p, const struct profile_options *o, const char *dir)
{
    struct batch_costs *costs = find_costs(o, is_ours(o->run.hypervisor));
    const struct frame *frames = view_frames(p->view);
    char *title = fmt("%s on %s (%s)%s", p->guest, p->hypervisor, p->revision, p->complete ? "" : ", partial"), *json;
    struct buf b = {0};

    guest_text(&b, p, costs);
    json = guest_json(p, costs);
    file_save(dir, "profile.txt", b.p);
    file_save(dir, "profile.json", json);
    file_save(dir, "split.csv", guest_split_csv(p));
    file_save(dir, "reasons.csv", guest_reasons_csv(p));
    file_save(dir, "callers.csv", guest_callers_csv(p));
    file_save(dir, "functions.csv", guest_functions_csv(p));
    file_save(dir, "callgrind.out", callgrind_text(p->view, title));
    file_save(dir, "flame.svg", flame_svg(p->view, frames, title));
    file_save(dir, "stacks.folded", folded_text(frames));
    if (p->hypervisor_elf)
        file_save(dir, "listing.txt", listing_text(p->view, &p->hypervisor_elf, 1));
    if (o->run.console->n)
        file_save(dir, "console.log", o->run.console->p);
    draw(p, dir);
    printf("%s\n", o->json ? json : b.p);
    free(title);
    buf_free(&b);
}

static unsigned section_option(const char *value)
{
    uint64_t n = value && *value ? option_u64("section", value, 0) : SECTIONS;

    if (n > SECTIONS || (value && *value && n == SECTIONS))
        die(EXIT_USAGE, "--section=%s: sections are 1 to 255, and 0 is outside of all", value);
    return n;
}

static void prepare(struct guest_profile *p, struct profile_options *o)
{
    const char *guest = o->run.guest, *slash = strrchr(guest, '/'), *name = slash ? slash + 1 : guest;

    p->only = section_option(o->section);
    p->hypervisor_start = address_option("hypervisor-start", o->hypervisor_start, HYPERVISOR_START);
    if (o->initrd && *o->initrd && !file_exists(o->initrd))
        die(EXIT_MISSING, "there is no file %s", o->initrd);
    if (o->engine && strcmp(o->engine, "tcg"))
        die(EXIT_USAGE, "--engine=%s: a whole run is counted under tcg only", o->engine);
    o->run.hv_args = or_else(o->run.hv_args, OPTIONS);
    run_defaults(&o->run);
    guest = o->run.guest; /* its ELF file, if it was packed */
    p->options = xstrdup(o->run.hv_args);
    p->guest_elf = symbols_of(or_else(o->guest_symbols, guest));
    p->hypervisor_elf = symbols_of(profile_symbols_file(o));
    p->kernel_start = address_option("kernel-start", o->kernel_start, kernel_start(or_else(o->guest_symbols, guest)));
    p->guest = fmt("%s%s%s", name, *or_else(o->run.guest_args, "") ? " " : "", or_else(o->run.guest_args, ""));
    slash = strrchr(o->run.hypervisor, '/');
    p->hypervisor = xstrdup(slash ? slash + 1 : o->run.hypervisor);
    p->revision = o->run.revision;
    p->machine = fmt("QEMU TCG with icount, %s MiB; hypervisor from 0x%x, kernel from 0x%x", o->run.memory,
                     p->hypervisor_start, p->kernel_start);
}

int profile_guest(struct profile_options *o)
{
    char *trace, *functions, *why, *path;
    struct guest_profile p = {0};
    const char *dir;

    prepare(&p, o);
    dir = temp_dir(or_else(o->out, fmt("%s/results", tree_root())), "unfinished");
    trace = fmt("%s/trace", dir);
    functions = fmt("%s/functions", dir);
    p.complete = run(o, plugin_argument(&p, functions, trace));
    why = guest_load(&p, trace);
    if (why) {
        run_console_tail(o->run.console);
        die(EXIT_RUN, "%s; no profile was written", why);
    }
    check_symbols(&p);
    guest_name(&p);
    unlink(trace);
    unlink(functions);
    write_all(&p, o, dir);
    path = profile_publish(dir, o, "guest");
    fprintf(o->json ? stderr : stdout,
            "written to %s: profile.txt and .json, split.csv, reasons.csv, callers.csv, functions.csv, callgrind.out, "
            "flame.svg, stacks.folded, listing.txt, guest.png and .svg\n",
            path);
    if (!p.complete)
        die(EXIT_RUN, "the guest did not end within %.0f s (--timeout): the profile is a partial one", o->run.timeout);
    return EXIT_OK;
}
