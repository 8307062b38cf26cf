/* The hypervisor's command line: one table. */
#include <xen/domain.h>
#include <xen/setup.h>

uint64_t opt_dom0_mem;
bool opt_noreboot;

static bool set_dom0_mem(const char *value)
{
    const char *end;

    opt_dom0_mem = parse_size(value, &end);
    return *value && !*end;
}

static bool set_log_level(const char *value)
{
    static const struct {
        const char *name;
        enum log_level level;
    } levels[] = {{"none", LOG_ERR}, {"error", LOG_ERR}, {"warning", LOG_WARN},
                  {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {"all", LOG_DEBUG}};

    for (unsigned int i = 0; i < ARRAY_SIZE(levels); i++)
        if (!strcmp(value, levels[i].name)) {
            log_level = levels[i].level;
            return true;
        }
    return false;
}

static bool set_noreboot(const char *value)
{
    opt_noreboot = strcmp(value, "0") != 0;
    return true;
}

/* Xen's, for the console that is the only one here. */
static bool ignore(const char *value)
{
    return true;
}

static const struct option {
    const char *name;
    bool (*set)(const char *value); /* "" without `=` */
} options[] = {
    {"dom0_mem", set_dom0_mem}, {"loglvl", set_log_level}, {"noreboot", set_noreboot},
    {"com1", ignore},           {"console", ignore},       {"guest_loglvl", ignore},
};

static void __init one_option(char *word)
{
    char *value = strchr(word, '=');

    if (value)
        *value++ = 0;
    for (unsigned int i = 0; i < ARRAY_SIZE(options); i++)
        if (!strcmp(word, options[i].name)) {
            if (!options[i].set(value ?: ""))
                printk("Option %s: cannot make sense of \"%s\"\n", word, value ?: "");
            return;
        }
    printk("Unknown option %s\n", word);
}

/* The first word is the image's own name when the boot loader put it there: it has a slash or no option's name. */
void __init parse_command_line(const char *line)
{
    static char copy[1024];
    char *p = copy;
    bool first = true;

    strlcpy(copy, line, sizeof(copy));
    for (;;) {
        char *word, *end;

        while (*p == ' ')
            p++;
        if (!*p)
            return;
        word = p;
        end = strchr(p, ' ');
        p = end ? end + 1 : p + strlen(p);
        if (end)
            *end = 0;
        if (!(first && (strchr(word, '/') || !strncmp(word, "int82", 5))))
            one_option(word);
        first = false;
    }
}
