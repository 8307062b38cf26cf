/* SPDX-License-Identifier: MIT */
#include "view/gnuplot.h"
#include "lib/proc.h"

#include <stdlib.h>
#include <string.h>

static const char *const palette[] = {"#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee",
                                      "#aa3377", "#ee8800", "#222222", "#999999", "#7744cc"};
#define PALETTE_N (sizeof(palette) / sizeof(*palette))

const char *plot_colour(size_t i)
{
    return palette[i % PALETTE_N];
}

char *plot_text(const char *s)
{
    struct buf b = {0};

    for (; *s; s++) {
        if (strchr("\"\\`$", *s))
            buf_add(&b, "\\", 1);
        buf_add(&b, s, 1);
    }
    buf_add(&b, "", 0);
    return b.p;
}

bool plot_draw(const char *dir, const char *stem, unsigned width, unsigned height, const char *script)
{
    char *name = fmt("%s.gp", stem), *path = fmt("%s/%s", dir, name);
    struct buf b = {0}, out = {0};
    int status;

    buf_printf(&b, "# gnuplot %s draws %s.png and %s.svg\n%s", name, stem, stem, script);
    /* The script defines draw; both terminals run it. */
    buf_printf(&b, "set terminal pngcairo noenhanced size %u,%u font \"DejaVu Sans,11\" background \"white\"\n", width,
               height);
    buf_printf(&b, "set output \"%s.png\"\neval(draw)\n", stem);
    buf_printf(&b, "set terminal svg noenhanced size %u,%u font \"DejaVu Sans,11\" background \"white\"\n", width,
               height);
    buf_printf(&b, "set output \"%s.svg\"\neval(draw)\nset output\n", stem);
    file_write(path, b.p, b.n);
    if (!have_program("gnuplot")) {
        warn("gnuplot is not installed (`make deps`): %s has no picture", path);
        status = -1;
    } else {
        status = capture((const char *[]){"gnuplot", "-d", name, NULL}, dir, &out, 60);
        if (status)
            warn("gnuplot %s failed: %.300s", path, out.p);
    }
    buf_free(&b);
    buf_free(&out);
    free(name);
    free(path);
    return !status;
}

void plot_head(struct buf *b, const struct result *r, const char *what)
{
    const char *hypervisor = result_info(r, "hypervisor"), *engine = result_info(r, "engine");
    const char *revision = result_info(r, "hypervisor_revision"), *tick = result_info(r, "tick");
    char *h = plot_text(hypervisor ? hypervisor : "?"), *v = plot_text(revision ? revision : "?");

    buf_printf(b, "set title \"%s\\n%s (%s), %s: a tick is %s\"\n", what, h, v, engine ? engine : "?",
               tick ? tick : "a tick of the TSC");
    buf_printf(b, "set grid linecolor \"#dddddd\" linetype 1\nset border linecolor \"#666666\"\n");
    free(h);
    free(v);
}

void plot_shares(struct buf *b, struct buf *draw, const char *block, const struct share *v, size_t n, const char *unit)
{
    double sum = 0, below = 0;

    for (size_t i = 0; i < n; i++)
        sum += v[i].value;
    buf_printf(b, "$%s << EOD\n", block);
    for (size_t i = 0; i < n; i++) {
        double share = sum > 0 ? 100 * v[i].value / sum : 0;

        below += share;
        buf_printf(b, "%zu \"%s\" %.0f \"%.*f%%\" %.3f\n", i, v[i].label, v[i].value, share < 9.95 ? 1 : 0, share,
                   below);
    }
    buf_printf(b, "EOD\n");
    buf_printf(
        draw,
        "set key outside center bottom horizontal; set y2range [0:110]; set y2tics (0,25,50,75,100) nomirror; "
        "set y2label \"%% of all\"; set yrange [0:*]; set ylabel \"%s\"; set xrange [-0.6:%zu.4]; "
        "plot $%s using 1:3:xtic(2) with boxes linecolor rgb \"%s\" title \"%s\","
        " $%s using 1:3:4 with labels offset 0,0.6 font \",9\" notitle,"
        " $%s using 1:5 axes x1y2 with linespoints linewidth 2 pointtype 7 linecolor rgb \"%s\" title \"up to here, "
        "%% of all\"",
        unit, n ? n - 1 : 0, block, plot_colour(0), unit, block, block, plot_colour(1));
}
