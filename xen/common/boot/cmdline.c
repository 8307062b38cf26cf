/* SPDX-License-Identifier: MIT */
/* The hypervisor's command line: one table of options. */
#include <asm/irq.h>
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/refused.h>
#include <xen/setup.h>
#include <xen/trace.h>

struct dom0_mem opt_dom0_mem;
bool opt_noreboot;
uint32_t opt_irq_ratelimit = 10000;
bool opt_pv_l1tf = true, opt_pv_linear_pt = true;
uint32_t opt_dom0_max_vcpus = 1;

/* Reads an amount of memory. A `-` in front means all memory but this amount. The amount must fit into 63 bits. */
static bool __init parse_amount(const char **s, int64_t *amount)
{
    bool negative = **s == '-';
    const char *number = *s + negative;
    uint64_t bytes = parse_size(number, s);

    if (*s == number || bytes > INT64_MAX)
        return false;
    *amount = negative ? -(int64_t)bytes : (int64_t)bytes;
    return true;
}

/* SIZE[,min:SIZE][,max:SIZE] in any order */
static bool __init set_dom0_mem(const char *value)
{
    do {
        int64_t *amount = &opt_dom0_mem.size;

        if (!strncmp(value, "min:", 4))
            amount = &opt_dom0_mem.min;
        else if (!strncmp(value, "max:", 4))
            amount = &opt_dom0_mem.max;
        value += amount == &opt_dom0_mem.size ? 0 : 4;
        if (!parse_amount(&value, amount))
            return false;
    } while (*value++ == ',');
    return !value[-1];
}

static bool __init set_dom0_max_vcpus(const char *value)
{
    uint64_t n = strtoull(value, &value, 0);

    if (*value || !n || n > MAX_VCPUS)
        return false;
    opt_dom0_max_vcpus = n;
    return true;
}

static bool __init set_console_input(const char *value)
{
    uint64_t domid = strtoull(value, &value, 0);

    if (*value || domid >= DOMID_FIRST_RESERVED)
        return false;
    opt_console_input = domid;
    return true;
}

/* One of Xen's names of levels, up to the end or a slash. */
static bool __init parse_log_level(const char *value, enum log_level *level)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"none", LOG_ERR},  {"error", LOG_ERR},   {"warning", LOG_WARN},
                  {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {"all", LOG_DEBUG}};
    const char *slash = strchr(value, '/');
    size_t length = slash ? (size_t)(slash - value) : strlen(value);

    for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++)
        if (strlen(levels[i].name) == length && !strncmp(value, levels[i].name, length)) {
            *level = levels[i].level;
            return true;
        }
    return false;
}

/* Xen's form is HYPERVISOR[/RATE-LIMITED]. The second part has no meaning here. */
static bool __init set_log_level(const char *value)
{
    return parse_log_level(value, &log_level);
}

/* The same of messages about guests. All there are belong to `debug`, and all are limited, so either part will do. */
static bool __init set_guest_log_level(const char *value)
{
    const char *slash = strchr(value, '/');
    enum log_level always, limited = LOG_ERR;

    if (!parse_log_level(value, &always) || (slash && !parse_log_level(slash + 1, &limited)))
        return false;
    opt_guest_words = MAX(always, limited) >= LOG_DEBUG;
    return true;
}

/* Everything that is not a word for "no" means "yes". */
static bool __init says_yes(const char *value)
{
    static const char *const no[] = {"0", "no", "off", "false", "disable"};

    for (unsigned int i = 0; i < ARRAY_SIZE(no); i++)
        if (!strcmp(value, no[i]))
            return false;
    return true;
}

static bool __init set_irq_ratelimit(const char *value)
{
    uint64_t n = strtoull(value, &value, 0);

    opt_irq_ratelimit = n;
    return !*value && n <= UINT32_MAX;
}

static bool __init set_noapic(const char *value)
{
    opt_io_apic = !says_yes(value);
    return true;
}

static bool __init set_nolapic(const char *value)
{
    opt_apic = !says_yes(value);
    return true;
}

static bool __init set_noreboot(const char *value)
{
    opt_noreboot = says_yes(value);
    return true;
}

static bool __init set_pv_l1tf(const char *value)
{
    opt_pv_l1tf = says_yes(value);
    return true;
}

static bool __init set_pv_linear_pt(const char *value)
{
    opt_pv_linear_pt = says_yes(value);
    return true;
}

#if COUNTERS
uint32_t opt_trace_lines;
uint64_t opt_trace_mask = ~0ull;

/* LINES[/MASK]: the mask is a hexadecimal number of 64 bits. */
static bool __init set_hypercall_trace(const char *value)
{
    uint64_t lines = strtoull(value, &value, 0);

    if (*value == '/')
        opt_trace_mask = strtoull(value + 1, &value, 16);
    opt_trace_lines = MIN(lines, UINT32_MAX);
    return lines && opt_trace_mask && !*value;
}
#endif

static const struct option {
    const char *name;
    bool (*set)(const char *value); /* the value is "" without `=`; false: it makes no sense */
} options[] = {
    {"dom0_mem", set_dom0_mem},
    {"dom0_max_vcpus", set_dom0_max_vcpus},
    {"loglvl", set_log_level},
    {"guest_loglvl", set_guest_log_level},
    {"irq_ratelimit", set_irq_ratelimit},
    {"noapic", set_noapic},
    {"nolapic", set_nolapic},
    {"noreboot", set_noreboot},
    {"timer", set_timer_choice},
    {"pv-l1tf", set_pv_l1tf},
    {"pv-linear-pt", set_pv_linear_pt},
    {"com1", set_com1},
    {"com2", set_com2},
    {"console", set_console},
    {"domain", set_domain}, /* docs/domains.md */
#if COUNTERS
    {"hypercall_trace", set_hypercall_trace},
#endif
    {"console_input", set_console_input},
};

static const struct option *__init find_option(const char *name)
{
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
        if (!strcmp(name, options[i].name))
            return &options[i];
    return NULL;
}

/* Most boot loaders put the image's name in front of the options, but GRUB 2 does not. If the first word has no value
 * and is not an option, it is that name. */
static void __init one_option(char *word, bool first)
{
    char *value = strchr(word, '=');
    const struct option *option;

    if (first && (!value || strchr(word, '/') == word) && !find_option(word))
        return;
    if (value)
        *value++ = 0;
    option = find_option(word);
    if (!option)
        printk("Unknown option: %s\n", word);
    else if (!option->set(value ?: ""))
        printk("Option %s: cannot make sense of \"%s\"\n", word, value ?: "");
}

/* A line may have any length, but no option is as long as this. For domain= the option itself reports that it is too
 * long. */
#define MAX_WORD 256

void __init parse_command_line(const char *line)
{
    static char word[MAX_WORD];
    bool first = true;

    for (;;) {
        uint32_t length = 0;

        while (*line == ' ')
            line++;
        if (!*line)
            return;
        for (; line[length] && line[length] != ' '; length++)
            if (length < MAX_WORD - 1)
                word[length] = line[length];
        word[MIN(length, MAX_WORD - 1)] = 0;
        line += length;
        if (length < MAX_WORD || !strncmp(word, "domain=", 7))
            one_option(word, first);
        else if (!first)
            printk("An option of %u characters is not used: %.40s...\n", length, word);
        first = false;
    }
}
