/* SPDX-License-Identifier: MIT */
/* Anything in any order, for test_guest_irq.c. After each step the rules hold that the top of guest_irq.c states, seen
 * from outside: on the lines, and in what was told. */

static unsigned int with_number(uint32_t irq)
{
    unsigned int n = 0;
    const struct pirq *p;

    for (unsigned int i = 0; i < 4; i++)
        for (uint32_t pirq = 0; (p = find_pirq(&domains[i], pirq)); pirq++)
            n += p->irq == irq;
    return n;
}

/* How many have bound the interrupt; of those, how many have not ended it. */
static unsigned int bound_to(uint32_t irq, unsigned int *waiting)
{
    unsigned int n = 0;
    const struct pirq *p;

    *waiting = 0;
    for (unsigned int i = 0; i < 4; i++)
        for (uint32_t pirq = 0; (p = find_pirq(&domains[i], pirq)); pirq++)
            if (p->irq == irq && p->port) {
                n++;
                *waiting += p->waits;
            } else
                CHECK(p->irq != irq || !p->waits);
    return n;
}

static void rules_hold(unsigned int step)
{
    unsigned int all_messages = 0, waiting;

    for (uint32_t irq = 1; irq < GSIS + 2; irq++) {
        const struct line *l = &lines[irq];
        unsigned int bound = bound_to(irq, &waiting);

        if (irq == TIMER) {
            CHECK(!bound && l->handler == ignore, "step %u: the timer's", step);
            continue;
        }
        CHECK(!l->handler == !bound, "step %u: %u have irq %u", step, bound, irq);
        CHECK(bound ? l->masked == !!waiting : l->masked || !l->exists, "step %u: irq %u is masked: %u, %u wait", step,
              irq, l->masked, waiting);
        CHECK(!(l->level && l->held && bound) || waiting, "step %u: the level of irq %u is lost", step, irq);
        if (irq < GSIS)
            continue;
        CHECK_EQ(with_number(irq), l->exists);
        all_messages += l->exists;
    }
    CHECK_EQ(messages, all_messages);
    mismatches = 0;
    for (unsigned int i = 0; i < 4; i++)
        audit_pirqs(&domains[i]);
    audit_guest_irqs();
    CHECK(!mismatches, "step %u: %u mismatches", step, mismatches);
}

static uint32_t some(uint32_t n)
{
    static uint32_t seed = 82;

    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % n;
}

/* Numbers of a few interrupts, so that they meet. */
static int some_number(void)
{
    static const int numbers[] = {-1, 0, TIMER, EDGE, LEVEL, LEVEL, LEVEL, LEVEL + 1, GSIS + 3, GSIS + 31, 5000};

    return numbers[some(ARRAY_SIZE(numbers))];
}

static void some_edge(void)
{
    static const uint32_t irqs[] = {EDGE, GSIS, GSIS + 1};
    uint32_t irq = irqs[some(ARRAY_SIZE(irqs))], waiting, before = 0, after = 0;

    if (lines[irq].level)
        return;
    for (unsigned int i = 0; i < 4 * 64; i++)
        before += told[i / 64][i % 64];
    interrupt(irq);
    for (unsigned int i = 0; i < 4 * 64; i++)
        after += told[i / 64][i % 64];
    CHECK_EQ(after - before, bound_to(irq, &waiting));
}

static void some_port(unsigned int i)
{
    uint32_t port = 1 + some(8), pirq = some_number();
    struct domain *d = &domains[i];

    if (d->is_dying)
        return;
    if (d->evtchn[port].state == ECS_PIRQ) {
        pirq_unbind(d, d->evtchn[port].pirq, port);
        d->evtchn[port].state = ECS_FREE;
    } else if (!pirq_may_bind(d, pirq) && !pirq_bind(d, pirq, port, some(4)))
        d->evtchn[port] = (struct evtchn){.state = ECS_PIRQ, .pirq = pirq};
}

static void some_end_of_a_domain(unsigned int i)
{
    struct domain *d = &domains[i];

    if (!i || some(32))
        return;
    d->is_dying = true;
    for (uint32_t port = 0; port < 64 && some(2); port++)
        if (d->evtchn[port].state == ECS_PIRQ) {
            pirq_unbind(d, d->evtchn[port].pirq, port);
            d->evtchn[port].state = ECS_FREE;
        }
    pirqs_relinquish(d);
    *d = (struct domain){.domain_id = i, .shared_info = &shared[i]};
    d->arch.pirq_eoi_frame = INVALID_MFN;
    d->vcpu[0] = &vcpus[i];
}

static void some_step(void)
{
    unsigned int i = some(4);
    struct physdev_map_pirq map = {.domid = i, .index = some_number(), .pirq = some_number()};

    if (some(2))
        map.pirq = map.index;
    this_cpu.domain = some(8) ? dom0 : &domains[i];
    switch (some(11)) {
    case 0:
        map.type = MAP_PIRQ_TYPE_GSI;
        (void)pirq_map(&map);
        break;
    case 1:
        map.type = MAP_PIRQ_TYPE_MSI, map.index = -1, map.entry_nr = some(3);
        (void)pirq_map(&map);
        break;
    case 2:
        if (!some(8))
            (void)pirq_unmap(&(struct physdev_unmap_pirq){.domid = i, .pirq = map.pirq});
        break;
    case 3:
        if (i) /* what domain 0 takes from itself is gone */
            (void)pirq_permission(&domains[i], map.pirq, some(3));
        break;
    case 4:
        (void)pirq_setup_gsi(&(struct physdev_setup_gsi){.gsi = map.index, .triggering = some(2)});
        break;
    case 5:
        hold(LEVEL + some(2), some(2));
        break;
    case 6:
        some_edge();
        break;
    case 7:
        some_end_of_a_domain(i);
        break;
    case 8:
        if (some(32))
            pirq_end_unmasked(&domains[i]);
        else
            (void)pirq_get_free(&(struct physdev_get_free_pirq){.type = some(2)});
        break;
    case 9:
        (void)pirq_end(&domains[i], map.pirq);
        break;
    default:
        some_port(i);
    }
}

static void any_order(void)
{
    unsigned int bound = 0, shared_by_two = 0, waiting;

    opt_irq_ratelimit = 0; /* a masked line is one that waits */
    for (unsigned int step = 0; step < 20000; step++) {
        some_step();
        rules_hold(step);
        bound += bound_to(GSIS, &waiting);
        shared_by_two += bound_to(LEVEL, &waiting) > 1 && waiting;
    }
    opt_irq_ratelimit = 10000;
    CHECK(bound > 100 && shared_by_two > 100, "%u steps with an MSI, %u with a shared line", bound, shared_by_two);
}

static const struct unit_test tests[] = {
    {"irq_edges_are_told_each", edges_are_told_each},
    {"irq_level_waits_for_its_end", level_waits_for_its_end},
    {"irq_level_waits_for_all_sharers", level_waits_for_all_sharers},
    {"irq_one_that_does_not_share", one_that_does_not_share},
    {"irq_the_hypervisors_is_nobodys", the_hypervisors_is_nobodys},
    {"irq_lines_in_use_stay_as_they_are", lines_in_use_stay_as_they_are},
    {"irq_numbers_and_rights", numbers_and_rights},
    {"irq_permission_of_another", permission_of_another},
    {"irq_messages_come_and_go", messages_come_and_go},
    {"irq_messages_are_one_domains", messages_are_one_domains},
    {"irq_numbers_given_out", numbers_given_out},
    {"irq_page_of_needed_ends", page_of_needed_ends},
    {"irq_ends_of_older_kernels", ends_of_older_kernels},
    {"irq_storms_are_limited", storms_are_limited},
    {"irq_storms_of_a_level", storms_of_a_level},
    {"irq_many_storms", many_storms},
    {"irq_any_order", any_order},
    {"irq_closed_in_a_storm", closed_in_a_storm},
    {"irq_the_end_of_a_domain", the_end_of_a_domain},
};
