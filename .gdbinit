# SPDX-License-Identifier: MIT
# For `make debug`, which reads it: what one looks for first in a hypervisor. `help int82` lists the commands.
set pagination off
set print pretty on
set disassembly-flavor att

define int82
    help int82
end
document int82
domains        all domains, with their vCPUs and what these are doing
guest-frame    where the guest that is in the hypervisor now will go on
pte ADDRESS    where that virtual address is in the machine now, and its L3 entry
hypercall NAME stops when a guest makes that hypercall (by a C handler): hypercall console_io
end

define domains
    set $d = domain_list
    while $d
        printf "domain %d: %u pages", $d->domain_id, $d->tot_pages
        if $d->is_dying
            printf ", dying"
        end
        if $d->is_shut_down
            printf ", shut down"
        end
        printf "\n"
        set $i = 0
        while $i < sizeof($d->vcpu) / sizeof($d->vcpu[0])
            set $v = $d->vcpu[$i]
            if $v
                printf "    vCPU %d: ", $i
                output $v->state
                if $v->pause_count
                    printf ", paused %d times", $v->pause_count
                end
                if $v == this_cpu.vcpu
                    printf ", runs"
                end
                printf "\n"
            end
            set $i = $i + 1
        end
        set $d = $d->next
    end
end
document domains
All domains, with their vCPUs and what these are doing.
end

# The frame ends a page below vcpu_info (STACK_TO_INFO), at SS.
define guest-frame
    set $top = (unsigned int)this_cpu.vcpu->vcpu_info - 4096
    set $r = (struct cpu_user_regs *)($top - (unsigned int)&((struct cpu_user_regs *)0)->es)
    printf "cs:eip %04x:%08x  ss:esp %04x:%08x  eflags %08x\n", $r->cs & 0xffff, $r->eip, $r->ss & 0xffff, $r->esp, $r->eflags
    info symbol $r->eip
end
document guest-frame
Where the guest that is in the hypervisor now will go on. (Of a hypercall, the frame has no other registers.)
end

# The vCPU's clean copy of the L3 is what CR3 points to; tables are read in the direct map, or by QEMU's own command.
define pte
    monitor gva2gpa $arg0
    printf "L3: "
    output/x this_cpu.vcpu->l3[(unsigned int)$arg0 >> 30].raw
    printf "\n"
end
document pte
pte ADDRESS: where that virtual address is in the machine, and its L3 entry.
end

define hypercall
    break do_$arg0
end
document hypercall
hypercall NAME: stops when a guest makes that hypercall, in its C handler: hypercall console_io
end
