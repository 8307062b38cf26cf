/* SPDX-License-Identifier: MIT */
/*
 * Builds the domains that exist from the start: domain 0 from the first module, and one for each domain= option
 * (docs/domains.md). A mistake in an option stops the boot, because nobody wants a machine that lacks one of its
 * domains.
 */
#include <xen/console.h>
#include <xen/domain.h>
#include <xen/setup.h>

#define MAX_BOOT_DOMAINS 16
#define DEFAULT_MEMORY   (32ull << 20)
#define NO_MODULE        UINT32_MAX

/* What one domain= option asks for. */
struct request {
    const char *text;
    uint32_t kernel, ramdisk; /* numbers of modules, from 0 */
    uint64_t memory;          /* bytes */
    uint32_t vcpus;
    bool privileged;
    char name[sizeof(((struct domain *)NULL)->name)];
};

static struct request requests[MAX_BOOT_DOMAINS] __initdata;
static unsigned int nr_requests __initdata;

static uint16_t __init domid_of(const struct request *r)
{
    return r - requests + 1;
}

/* --- The option */

static __attribute__((noreturn)) void __init refuse(const struct request *r, const char *why)
{
    panic("domain=%s: %s. It is domain=kernel=MODULE[,ramdisk=MODULE][,mem=SIZE][,vcpus=N][,name=TEXT][,privileged]",
          r->text, why);
}

static uint32_t __init number(const struct request *r, const char *value, uint32_t limit, const char *what)
{
    const char *end;
    uint64_t n = strtoull(value, &end, 0);

    if (end == value || *end || n >= limit)
        refuse(r, what);
    return n;
}

static void __init set_property(struct request *r, const char *key, const char *value)
{
    if (!strcmp(key, "kernel"))
        r->kernel = number(r, value, NO_MODULE, "kernel= wants a module's number");
    else if (!strcmp(key, "ramdisk"))
        r->ramdisk = number(r, value, NO_MODULE, "ramdisk= wants a module's number");
    else if (!strcmp(key, "vcpus")) {
        r->vcpus = number(r, value, MAX_VCPUS + 1, "vcpus= wants a number from 1 to 8");
        if (!r->vcpus)
            refuse(r, "vcpus= wants a number from 1 to 8");
    } else if (!strcmp(key, "mem")) {
        r->memory = parse_size(value, &value);
        if (*value || !r->memory)
            refuse(r, "mem= wants an amount such as 64M");
    } else if (!strcmp(key, "name")) {
        if (!*value || strlcpy(r->name, value, sizeof(r->name)) >= sizeof(r->name))
            refuse(r, "name= wants 1 to 15 characters");
    } else if (!strcmp(key, "privileged") && !*value)
        r->privileged = true;
    else
        refuse(r, "there is something else in it");
}

bool __init set_domain(const char *value)
{
    static char texts[MAX_BOOT_DOMAINS][96] __initdata;
    static char copy[96] __initdata;
    struct request *r;
    char *text, *p = copy;

    if (nr_requests == MAX_BOOT_DOMAINS)
        panic("domain=%s: at most %u domains beside domain 0 are built at boot", value, MAX_BOOT_DOMAINS);
    r = &requests[nr_requests];
    text = texts[nr_requests++];
    *r =
        (struct request){.text = text, .kernel = NO_MODULE, .ramdisk = NO_MODULE, .memory = DEFAULT_MEMORY, .vcpus = 1};
    snprintf(r->name, sizeof(r->name), "Domain-%u", domid_of(r));
    if (strlcpy(text, value, sizeof(texts[0])) >= sizeof(texts[0]))
        refuse(r, "it is too long");
    strlcpy(copy, text, sizeof(copy));
    while (p) {
        char *key = p, *equals;

        p = strchr(p, ',');
        if (p)
            *p++ = 0;
        equals = strchr(key, '=');
        if (equals)
            *equals++ = 0;
        set_property(r, key, equals ?: "");
    }
    if (r->kernel == NO_MODULE)
        refuse(r, "kernel= is missing");
    return true;
}

/* --- Modules */

static struct boot_module *__init claim(const struct request *r, uint32_t number)
{
    struct boot_module *m;

    if (number >= nr_modules)
        panic("domain=%s: there is no module %u, only 0 to %u", r->text, number, nr_modules - 1);
    m = &modules[number];
    if (m->claimed)
        panic("domain=%s: module %u is used already, and each can be used once: load the file again", r->text, number);
    m->claimed = true;
    return m;
}

/* Module 1 is domain 0's ramdisk, unless a domain= option names it. */
static struct boot_module *__init ramdisk_of_dom0(void)
{
    if (nr_modules < 2 || modules[1].claimed)
        return NULL;
    modules[1].claimed = true;
    return &modules[1];
}

static uint32_t __init module_pages(const struct boot_module *m)
{
    return m ? ROUNDUP(m->size, PAGE_SIZE) >> PAGE_SHIFT : 0;
}

void __init build_domains(void)
{
    static struct boot_domain plans[MAX_BOOT_DOMAINS] __initdata;
    struct boot_domain first = {.kernel = &modules[0], .vcpus = opt_dom0_max_vcpus, .privileged = true};
    struct vcpu *vcpus[MAX_BOOT_DOMAINS + 1];
    uint32_t others = 0;

    strlcpy(first.name, "Domain-0", sizeof(first.name));
    modules[0].claimed = true;
    for (unsigned int i = 0; i < nr_requests; i++) {
        const struct request *r = &requests[i];
        struct boot_domain *b = &plans[i];

        *b = (struct boot_domain){.domid = domid_of(r), .vcpus = r->vcpus, .privileged = r->privileged};
        strlcpy(b->name, r->name, sizeof(b->name));
        b->kernel = claim(r, r->kernel);
        if (r->ramdisk != NO_MODULE)
            b->initrd = claim(r, r->ramdisk);
        b->nr_pages = MIN(r->memory >> PAGE_SHIFT, MAX_FRAMES);
        others += MIN(b->nr_pages - MIN(module_pages(b->initrd), b->nr_pages), MAX_FRAMES);
    }
    first.initrd = ramdisk_of_dom0();
    for (unsigned int i = 0; i < nr_modules; i++)
        if (!modules[i].claimed)
            printk("Module %u is not used: no domain= names it\n", i);
    first.nr_pages = memory_for_dom0(module_pages(first.initrd), others);
    first.max_pages = max_memory_of_dom0(first.nr_pages);
    vcpus[0] = build_domain(&first);
    for (unsigned int i = 0; i < nr_requests; i++) {
        plans[i].max_pages = plans[i].nr_pages;
        vcpus[i + 1] = build_domain(&plans[i]);
    }
    /* Only now, because building a domain may let others run. */
    for (unsigned int i = 0; i <= nr_requests; i++) {
        vcpus[i]->state = VCPU_RUNNABLE;
        vcpu_wake(vcpus[i]);
    }
    start_console_input();
}
