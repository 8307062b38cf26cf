/* SPDX-License-Identifier: MIT */
/*
 * The processor's power states, which domain 0's kernel reads out of ACPI and hands over (set_processor_pminfo). What
 * _PDC's bits must become is worked out here from CPUID, by the rule that Xen has.
 */
#include "test.h"

#define NO_PROCESSOR 77
#define BOOT_CPU     0xFFFFFFFFu /* for _PDC alone */
#define NO_ACPI_ID   0xFFFFFFFFu

/* _PDC's bits. Source: Intel Processor Vendor-Specific ACPI, 3.1. */
#define PDC_REVISION    1
#define PDC_P_FFH       0x0001u
#define PDC_C1_HALT     0x0002u
#define PDC_T_FFH       0x0004u
#define PDC_SMP_C1PT    0x0008u
#define PDC_SMP_C2C3    0x0010u
#define PDC_P_SWCOORD   0x0020u
#define PDC_C_SWCOORD   0x0040u
#define PDC_T_SWCOORD   0x0080u
#define PDC_C1_FFH      0x0100u
#define PDC_C2C3_FFH    0x0200u
#define PDC_P_HWCOORD   0x0800u
#define PDC_OF_DOMAIN_0 (PDC_T_FFH | PDC_T_SWCOORD) /* throttling: Xen leaves that to domain 0 */

static xen_platform_op_t op;

static int32_t set(uint32_t id, uint32_t type)
{
    op.cmd = XENPF_set_processor_pminfo;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.set_pminfo.id = id;
    op.u.set_pminfo.type = type;
    return HYPERVISOR_dom0_op(&op);
}

static int32_t set_pdc(uint32_t id, uint32_t *words)
{
    op.u.set_pminfo.u.pdc = words;
    return set(id, XEN_PM_PDC);
}

/* As ACPI numbers it. */
static uint32_t this_processor(void)
{
    static xen_platform_op_t info;

    info.cmd = XENPF_get_cpuinfo;
    info.interface_version = XENPF_INTERFACE_VERSION;
    CHECK_RC(HYPERVISOR_dom0_op(&info), 0);
    CHECK(info.u.pcpu_info.flags & XEN_PCPU_FLAGS_ONLINE);
    return info.u.pcpu_info.acpi_id;
}

static uint32_t expected_pdc(uint32_t bits)
{
    uint32_t first[4], features[4], monitor[4] = {0};

    cpuid(0, 0, first);
    cpuid(1, 0, features);
    bits = (bits & PDC_OF_DOMAIN_0) | PDC_C1_HALT | PDC_SMP_C1PT | PDC_SMP_C2C3 | PDC_C1_FFH | PDC_C2C3_FFH;
    if (features[2] & 1u << 7) /* EST */
        bits |= PDC_P_FFH | PDC_P_SWCOORD | PDC_P_HWCOORD;
    if (features[2] & 1u << 3 && first[0] >= 5) /* MONITOR */
        cpuid(5, 0, monitor);
    if ((monitor[2] & 3) != 3)
        bits &= ~(PDC_C1_FFH | PDC_C2C3_FFH);
    return bits;
}

TEST(power_pdc)
{
    static const uint32_t bits[] = {0, 0xFFFFFFFF, PDC_C1_FFH | PDC_C2C3_FFH, PDC_T_FFH | PDC_P_FFH};
    uint32_t ids[] = {BOOT_CPU, 0}, words[4];

    NEED_DOM0();
    ids[1] = this_processor();
    for (unsigned int n = 0; n < ARRAY_SIZE(ids); n++)
        for (unsigned int i = 0; i < ARRAY_SIZE(bits); i++) {
            context("processor %u, bits 0x%x", ids[n], bits[i]);
            words[0] = PDC_REVISION;
            words[1] = i + 1;
            words[2] = bits[i];
            words[3] = 0x12345678;
            CHECK_RC(set_pdc(ids[n], words), 0);
            CHECK_EQ(words[0], PDC_REVISION);
            CHECK_EQ(words[1], i + 1);
            CHECK_EQ(words[2], expected_pdc(bits[i]));
            CHECK_EQ(words[3], 0x12345678);
        }
}

TEST(power_pdc_bad)
{
    uint32_t words[3] = {PDC_REVISION, 1, 0}, *page, *p;

    NEED_DOM0();
    page = alloc_page();
    CHECK_RC(set_pdc(NO_PROCESSOR, words), -EINVAL);
    CHECK_RC(set_pdc(256, words), -EINVAL);
    CHECK_RC(set_pdc(BOOT_CPU - 1, words), -EINVAL);
    words[0] = 0;
    CHECK_RC(set_pdc(BOOT_CPU, words), -EINVAL);
    words[0] = 2;
    CHECK_RC(set_pdc(BOOT_CPU, words), -EINVAL);
    words[0] = PDC_REVISION;
    words[1] = 0;
    CHECK_RC(set_pdc(BOOT_CPU, words), -EINVAL);
    CHECK_EQ(words[2], 0);
    for
        EACH_BAD_POINTER(p, 8)
    CHECK_RC(set_pdc(BOOT_CPU, p), -EFAULT);
    context("the third word");
    p = (uint32_t *)EDGE(8);
    p[0] = PDC_REVISION;
    p[1] = 1;
    CHECK_RC(set_pdc(BOOT_CPU, p), -EFAULT);
    context("a page that is read-only");
    page[0] = PDC_REVISION;
    page[1] = 1;
    CHECK_RC(map_at(FREE_VA, virt_to_mfn(page), PTE_KERNEL_RO), 0);
    CHECK_RC(set_pdc(BOOT_CPU, (uint32_t *)FREE_VA), -EFAULT);
    CHECK_EQ(page[2], 0);
    CHECK_RC(unmap_at(FREE_VA), 0);
    free_page(page);
}

/* As firmware describes C1 and C2. */
static const xen_processor_cx_t idle_states[] = {
    {.reg = {.space_id = 0x7F, .bit_width = 1}, .type = 1, .latency = 1, .power = 1000},
    {.reg = {.space_id = 1, .bit_width = 8, .address = 0xB014}, .type = 2, .latency = 90, .power = 500},
};

static int32_t set_idle(uint32_t id, const xen_processor_cx_t *states, uint32_t count)
{
    op.u.set_pminfo.u.power = (struct xen_processor_power){.count = count, .states = states};
    return set(id, XEN_PM_CX);
}

TEST(power_idle_states)
{
    uint32_t id;
    const void *p;

    NEED_DOM0();
    id = this_processor();
    if (id == NO_ACPI_ID)
        SKIP("the machine has no ACPI");
    CHECK_RC(set_idle(id, idle_states, ARRAY_SIZE(idle_states)), 0);
    CHECK_RC(set_idle(id, idle_states, ARRAY_SIZE(idle_states)), 0);
    CHECK_RC(set_idle(id, idle_states, 0), 0);
    CHECK_RC(set_idle(id, NULL, 0), 0);
    CHECK_RC(set_idle(NO_PROCESSOR, idle_states, 1), -EINVAL);
    CHECK_RC(set_idle(BOOT_CPU, idle_states, 1), -EINVAL);
    for
        EACH_BAD_POINTER(p, sizeof(idle_states))
    CHECK_RC(set_idle(id, p, 2), -EFAULT);
    context("more than there can be");
    CHECK_RC(set_idle(id, idle_states, 0xFFFFFFFF), -EFAULT);
    CHECK_RC(set_idle(id, idle_states, 0x80000000 / sizeof(idle_states[0])), -EFAULT);
}

static const xen_processor_px_t frequencies[] = {
    {.core_frequency = 2000, .power = 30000, .transition_latency = 10, .bus_master_latency = 10, .control = 0x1400},
    {.core_frequency = 1000, .power = 10000, .transition_latency = 10, .bus_master_latency = 10, .control = 0xA00},
};

static struct xen_processor_performance all_parts(void)
{
    return (struct xen_processor_performance){
        .flags = XEN_PX_PCT | XEN_PX_PSS | XEN_PX_PPC | XEN_PX_PSD,
        .control_register = {.descriptor = 0x82, .length = 12, .space_id = 0x7F, .bit_width = 16, .address = 0x199},
        .status_register = {.descriptor = 0x82, .length = 12, .space_id = 0x7F, .bit_width = 16, .address = 0x198},
        .state_count = ARRAY_SIZE(frequencies),
        .states = frequencies,
        .domain_info = {.num_entries = 5, .coord_type = 0xFC, .num_processors = 1},
        .shared_type = 2,
    };
}

static int32_t set_frequencies(uint32_t id, const struct xen_processor_performance *perf)
{
    op.u.set_pminfo.u.perf = *perf;
    return set(id, XEN_PM_PX);
}

TEST(power_frequencies_bad)
{
    struct xen_processor_performance perf = all_parts();
    const void *p;
    uint32_t id;

    NEED_DOM0();
    id = this_processor();
    if (id == NO_ACPI_ID)
        SKIP("the machine has no ACPI");
    CHECK_RC(set_frequencies(NO_PROCESSOR, &perf), -EINVAL);
    CHECK_RC(set_frequencies(BOOT_CPU, &perf), -EINVAL);
    for (uint32_t count = 0; count < 2; count++) {
        context("%u states", count);
        perf.state_count = count;
        CHECK_RC(set_frequencies(id, &perf), -EINVAL);
    }
    context("two kinds of registers");
    perf = all_parts();
    perf.status_register.space_id = 1;
    CHECK_RC(set_frequencies(id, &perf), -EINVAL);
    for (uint32_t type = 0; type < 6; type++) {
        context("coordination %u", type);
        perf = all_parts();
        perf.flags = XEN_PX_PSD;
        perf.shared_type = type;
        CHECK_RC(set_frequencies(id, &perf), type >= 1 && type <= 3 ? 0 : -EINVAL);
    }
    if (!is_int82())
        return; /* Xen 4.2 takes states that it could not read */
    perf = all_parts();
    for
        EACH_BAD_POINTER(p, sizeof(frequencies))
        {
            perf.states = p;
            CHECK_RC(set_frequencies(id, &perf), -EFAULT);
        }
    context("more than there can be");
    perf = all_parts();
    perf.state_count = 256;
    CHECK_RC(set_frequencies(id, &perf), -EINVAL);
    perf.state_count = 0xFFFFFFFF;
    CHECK_RC(set_frequencies(id, &perf), -EINVAL);
}

/* In parts, then all of them: from then on a new limit is an order, for which there is no driver. */
TEST(power_frequencies)
{
    struct xen_processor_performance perf = all_parts();
    uint32_t id;

    NEED_DOM0();
    id = this_processor();
    if (id == NO_ACPI_ID)
        SKIP("the machine has no ACPI");
    for (uint32_t flag = XEN_PX_PCT; flag <= XEN_PX_PSD; flag <<= 1) {
        context("part %u", flag);
        perf.flags = flag;
        CHECK_ONE_OF(set_frequencies(id, &perf), 0, flag == XEN_PX_PPC ? -ENODEV : 0);
    }
    context("all");
    perf = all_parts();
    CHECK_ONE_OF(set_frequencies(id, &perf), 0, -ENODEV);
    CHECK_RC(set_frequencies(id, &perf), -ENODEV);
    perf.flags = XEN_PX_PPC;
    CHECK_RC(set_frequencies(id, &perf), -ENODEV);
    perf.flags = XEN_PX_PSD;
    CHECK_RC(set_frequencies(id, &perf), 0);
}

TEST(power_other_types)
{
    NEED_DOM0();
    CHECK_RC(set(this_processor(), XEN_PM_TX), -ENOSYS);
    CHECK_RC(set(this_processor(), XEN_PM_PDC + 1), -EINVAL);
    CHECK_RC(set(this_processor(), 0xFFFFFFFF), -EINVAL);
}

TEST(power_parking)
{
    NEED_DOM0();
    op.cmd = XENPF_core_parking;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.core_parking = (xenpf_core_parking_t){XEN_CORE_PARKING_SET, 0};
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
    op.u.core_parking = (xenpf_core_parking_t){XEN_CORE_PARKING_GET, 1000};
    CHECK_RC(HYPERVISOR_dom0_op(&op), 0);
    CHECK_EQ(op.u.core_parking.idle_nums, 0);
    op.u.core_parking.type = 0;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -EINVAL);
    op.u.core_parking.type = 3;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -EINVAL);
}

TEST(rule_rights_over_power_states)
{
    uint32_t words[3] = {PDC_REVISION, 1, 0};
    struct xen_processor_performance perf = all_parts();

    if (start_info->flags & SIF_PRIVILEGED)
        SKIP("this domain has them");
    CHECK_RC(set_pdc(BOOT_CPU, words), -EPERM);
    CHECK_EQ(words[2], 0);
    CHECK_RC(set_idle(0, idle_states, 1), -EPERM);
    CHECK_RC(set_frequencies(0, &perf), -EPERM);
    op.cmd = XENPF_core_parking;
    CHECK_RC(HYPERVISOR_dom0_op(&op), -EPERM);
}
