/* SPDX-License-Identifier: MIT */
/*
 * VCPUOP_register_vcpu_info: the vCPU's event state, fault address and time move for good to a place that the guest
 * chooses. So this test runs last, because the library still looks at the old place.
 */
#include "test.h"

/* The hypervisor's frame moves as far as vcpu_info does, which is so little that the old and the new place overlap
 * (XSA-136). */
#define OFFSET 0x20

static struct vcpu_info *volatile moved;
static volatile uint32_t upcalls;
extern const char moved_entry[];
__asm__(".text; moved_entry: push %eax; mov moved, %eax; incl upcalls; movb $0, (%eax); movl $0, 4(%eax);"
        "movb $0, 1(%eax); pop %eax; iret");

TEST_LAST(vcpu_info_moves)
{
    static uint8_t page[2 * PAGE_SIZE] __attribute__((aligned(4096)));
    struct vcpu_register_vcpu_info arg = {virt_to_mfn(page), OFFSET, 0};
    int port = event_bind_ipi(0);
    uint64_t time;

    events_clear_all();
    events_disable();
    event_unmask(port);
    moved = (struct vcpu_info *)(page + OFFSET);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), 0);
    CHECK_EQ(moved->evtchn_upcall_mask, 1); /* the old contents were moved along */
    CHECK(moved->time.tsc_to_system_mul != 0);
    CHECK_EQ(moved->time.version & 1, 0);
    CHECK_RC(HYPERVISOR_vcpu_op(VCPUOP_register_vcpu_info, 0, &arg), -EINVAL); /* once */

    /* Xen marks every word as pending when it moves them, so that no event is lost. */
    moved->evtchn_upcall_pending = 0;
    moved->evtchn_pending_sel = 0;
    vcpu0_info.evtchn_upcall_pending = 0;
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(moved->evtchn_upcall_pending, 1);
    CHECK_EQ(moved->evtchn_pending_sel, 1u << (port / 32));
    CHECK_EQ(vcpu0_info.evtchn_upcall_pending, 0);

    CHECK_RC(HYPERVISOR_set_callbacks(FLAT_KERNEL_CS, moved_entry, FLAT_KERNEL_CS, failsafe_entry), 0);
    moved->evtchn_upcall_mask = 0;
    HYPERVISOR_xen_version(0, NULL);
    CHECK_EQ(upcalls, 1);
    event_clear(port);
    CHECK_RC(event_send(port), 0);
    CHECK_EQ(upcalls, 2);
    moved->evtchn_upcall_mask = 1;

    probe_read(UNMAPPED + 0x48, NULL, NULL);
    CHECK_EQ(moved->arch.cr2, (uint32_t)UNMAPPED + 0x48);
    time = moved->time.system_time;
    HYPERVISOR_sched_op(SCHEDOP_yield, NULL);
    CHECK(moved->time.system_time >= time);
    /* The frame is in use as writable for good. */
    CHECK(mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(page), 0) < 0);
    CHECK_RC(event_close(port), 0);
}
