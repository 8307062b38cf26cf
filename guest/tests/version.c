/* SPDX-License-Identifier: MIT */
/*
 * xen_version: each command through the gate and through the hypercall page, its strings ended within their fields, and
 * what happens to pointers that must not be written to. A refused call must not have written in front of the border
 * either: the end of the page is checked.
 */
#include "test.h"

TEST(version_number)
{
    int32_t version = HYPERVISOR_xen_version(XENVER_version, NULL);

    CHECK(version >= 3 << 16);
    CHECK(version < 5 << 16);
    CHECK_RC(HYPERVISOR_xen_version_page(XENVER_version, NULL), version);
    /* No argument: not looked at. */
    CHECK_RC(HYPERVISOR_xen_version(XENVER_version, 0xFFFFFFFF), version);
}

TEST(version_pagesize)
{
    CHECK_RC(HYPERVISOR_xen_version(XENVER_pagesize, NULL), PAGE_SIZE);
    CHECK_RC(HYPERVISOR_xen_version(XENVER_pagesize, EDGE_PAGE), -EINVAL);
}

static void check_string(uint32_t cmd, uint32_t size)
{
    static char text[2048];

    context("command %u", cmd);
    memset(text, 'x', sizeof(text));
    CHECK_RC(HYPERVISOR_xen_version(cmd, text), 0);
    CHECK(strlen(text) < size);
    for (uint32_t i = size; i < sizeof(text); i++)
        if (text[i] != 'x') {
            FAIL("wrote beyond its %u bytes, at %u", size, i);
            break;
        }
}

TEST(version_strings)
{
    check_string(XENVER_extraversion, sizeof(xen_extraversion_t));
    check_string(XENVER_capabilities, sizeof(xen_capabilities_info_t));
    check_string(XENVER_changeset, sizeof(xen_changeset_info_t));
    check_string(XENVER_commandline, sizeof(xen_commandline_t));
}

bool hypervisor_has_option(const char *word)
{
    xen_commandline_t line;
    uint32_t length = strlen(word);

    if (HYPERVISOR_xen_version(XENVER_commandline, line))
        return false;
    for (const char *at = line; *at; at++)
        if ((at == line || at[-1] == ' ') && !strncmp(at, word, length) && (at[length] == ' ' || !at[length]))
            return true;
    return false;
}

TEST(version_capabilities)
{
    static const char name[] = "xen-3.0-x86_32p";
    const char *p = hypervisor_capabilities();

    while (*p && strncmp(p, name, strlen(name)))
        p++;
    if (!*p)
        FAIL("\"%s\" does not name %s", hypervisor_capabilities(), name);
}

TEST(version_compile_info)
{
    struct {
        struct xen_compile_info info;
        char behind[16];
    } both;

    memset(&both, 'x', sizeof(both));
    CHECK_RC(HYPERVISOR_xen_version(XENVER_compile_info, &both.info), 0);
    CHECK(strlen(both.info.compiler) < sizeof(both.info.compiler));
    CHECK(strlen(both.info.compile_by) < sizeof(both.info.compile_by));
    CHECK(strlen(both.info.compile_domain) < sizeof(both.info.compile_domain));
    CHECK(strlen(both.info.compile_date) < sizeof(both.info.compile_date));
    CHECK_EQ(both.behind[0], 'x');
}

TEST(version_platform_parameters)
{
    struct xen_platform_parameters p = {0};

    CHECK_RC(HYPERVISOR_xen_version(XENVER_platform_parameters, &p), 0);
    CHECK_EQ(p.virt_start, HYPERVISOR_VIRT_START);
}

TEST(version_features)
{
    struct xen_feature_info f = {0, 0};
    /* Xen 4.2.5 has no XENFEAT_dom0 for 32 bits and no writable tables. A guest must not see those two. */
    uint32_t must = 1u << XENFEAT_pae_pgdir_above_4gb | 1u << XENFEAT_mmu_pt_update_preserve_ad;
    uint32_t must_not = 1u << XENFEAT_auto_translated_physmap | 1u << XENFEAT_supervisor_mode_kernel |
                        1u << XENFEAT_writable_page_tables | 1u << XENFEAT_writable_descriptor_tables;

    CHECK_RC(HYPERVISOR_xen_version(XENVER_get_features, &f), 0);
    CHECK_EQ(f.submap & must, must);
    CHECK_EQ(f.submap & must_not, 0);
    f.submap_idx = XENFEAT_NR_SUBMAPS;
    CHECK_RC(HYPERVISOR_xen_version(XENVER_get_features, &f), -EINVAL);
    f.submap_idx = ~0u;
    CHECK_RC(HYPERVISOR_xen_version(XENVER_get_features, &f), -EINVAL);
}

TEST(version_guest_handle)
{
    static const uint8_t zero[16];
    uint8_t handle[17];

    memset(handle, 0x5a, sizeof(handle));
    CHECK_RC(HYPERVISOR_xen_version(XENVER_guest_handle, handle), 0);
    CHECK(!memcmp(handle, zero, 16));
    CHECK_EQ(handle[16], 0x5a);
}

TEST(version_bad_pointers)
{
    static const struct {
        uint32_t cmd, size;
    } op[] = {{XENVER_extraversion, sizeof(xen_extraversion_t)},
              {XENVER_compile_info, sizeof(struct xen_compile_info)},
              {XENVER_capabilities, sizeof(xen_capabilities_info_t)},
              {XENVER_changeset, sizeof(xen_changeset_info_t)},
              {XENVER_platform_parameters, sizeof(struct xen_platform_parameters)},
              {XENVER_get_features, sizeof(struct xen_feature_info)},
              {XENVER_guest_handle, 16},
              {XENVER_commandline, sizeof(xen_commandline_t)}};
    void *p;

    for (unsigned int i = 0; i < ARRAY_SIZE(op); i++)
        for
            EACH_BAD_OUTPUT(p, op[i].size)
    if (HYPERVISOR_xen_version(op[i].cmd, p) != -EFAULT)
        FAIL("command %u at %p: expected -EFAULT, saw %d", op[i].cmd, p, HYPERVISOR_xen_version(op[i].cmd, p));
}

TEST(version_to_the_last_byte)
{
    CHECK_RC(HYPERVISOR_xen_version(XENVER_capabilities, EDGE(sizeof(xen_capabilities_info_t))), 0);
    CHECK_RC(HYPERVISOR_xen_version(XENVER_platform_parameters, EDGE(4)), 0);
    CHECK_EQ(*(uint32_t *)EDGE(4), HYPERVISOR_VIRT_START);
}

TEST(version_bad_command)
{
    char buf[64];

    CHECK_RC(HYPERVISOR_xen_version(10, buf), -ENOSYS);
    CHECK_RC(HYPERVISOR_xen_version(0x80000000, buf), -ENOSYS);
    CHECK_RC(HYPERVISOR_xen_version(~0u, buf), -ENOSYS);
}
