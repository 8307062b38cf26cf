/* SPDX-License-Identifier: MIT */
/* Asks the hypervisor's auditor, and puts what it has found into words. */
#include <guest/audit.h>
#include <guest/console.h>
#include <guest/hypercall.h>
#include <guest/string.h>

static const struct {
    uint32_t kind;
    const char *object, *text;
} kinds[] = {
#define TEXT(number, name, object, text) {number, object, text},
    INT82_AUDIT_KINDS(TEXT)
#undef TEXT
};

int audit_read(struct int82_audit *answer)
{
    static xen_platform_op_t op;

    memset(&op, 0, sizeof(op));
    op.cmd = INT82_OP_audit;
    op.interface_version = XENPF_INTERFACE_VERSION;
    op.u.int82.size = sizeof(*answer);
    op.u.int82.buffer = answer;
    return HYPERVISOR_dom0_op(&op);
}

static void describe(const struct int82_mismatch *m, char *text, uint32_t size)
{
    uint32_t n = 0;

    for (unsigned int i = 0; i < ARRAY_SIZE(kinds); i++)
        if (kinds[i].kind == m->kind) {
            n = snprintf(text, size, "%s 0x%x ", kinds[i].object, m->id);
            snprintf(text + n, size - n, kinds[i].text, m->expected, m->found);
            return;
        }
    snprintf(text, size, "kind %u, 0x%x: 0x%x, 0x%x", m->kind, m->id, m->expected, m->found);
}

int audit(char *text, uint32_t size)
{
    static struct int82_audit answer;
    int rc = audit_read(&answer);
    uint32_t n;

    if (rc == -ENOSYS || (rc == -EPERM && !(start_info->flags & SIF_PRIVILEGED)))
        return 0;
    if (rc) {
        snprintf(text, size, "the audit failed: %d", rc);
        return rc;
    }
    if (!answer.mismatches)
        return 0;
    n = snprintf(text, size, "audit: %u mismatches, the first: ", answer.mismatches);
    describe(&answer.first[0], text + n, size - n);
    return answer.mismatches;
}
