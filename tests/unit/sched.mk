# SPDX-License-Identifier: MIT
# Scheduler, timers, events and sched_op with a simulated clock. A 32-bit program: guest addresses must fit.
UNIT_TESTS += $(B)/unit/test_sched

SCHED_SRCS := $(addprefix tests/unit/,test_sched.c test_sched_operations.c test_events.c sched_world.c unit.c) \
              $(addprefix xen/common/,sched/schedule.c sched/operation.c sched/timer.c sched/domain_list.c domain/sched_op.c events/event_channel.c domain/domain.c)
$(B)/unit/test_sched: $(SCHED_SRCS) tests/unit/sched_world.h tests/unit/unit.h $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing -no-pie -fno-pic -static \
	    -fcf-protection=none -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -o $@ $(SCHED_SRCS)
