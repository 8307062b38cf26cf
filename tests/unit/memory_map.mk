# SPDX-License-Identifier: MIT
# Memory maps against a model of one byte for each unit, free memory against a model of its pages, what boot loaders
# tell, and ACPI's tables.
UNIT_TESTS += $(B)/unit/test_memory_map $(B)/unit/test_multiboot $(B)/unit/test_multiboot2 $(B)/unit/test_acpi

$(B)/unit/test_memory_map: tests/unit/test_memory_map.c $(UNIT_HARNESS) xen/common/boot/memory_map.c xen/common/boot/free_ranges.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ \
	    -DCOUNTERS=0 -Ixen/include -o $@ tests/unit/test_memory_map.c tests/unit/unit.c

# Machine addresses are pointers: a program that lies below 3 GiB.
$(B)/unit/test_multiboot $(B)/unit/test_multiboot2: $(B)/unit/%: tests/unit/%.c tests/unit/boot_world.h $(UNIT_HARNESS) $(wildcard xen/arch/x86/boot/*.c) xen/common/boot/memory_map.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -fno-pie -no-pie -fsanitize=undefined -fsanitize-undefined-trap-on-error \
	    -D_GNU_SOURCE -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ tests/unit/$*.c tests/unit/unit.c

$(B)/unit/test_acpi: tests/unit/test_acpi.c $(UNIT_HARNESS) xen/arch/x86/dev/acpi.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ \
	    -DCOUNTERS=0 -Ixen/include -o $@ tests/unit/test_acpi.c tests/unit/unit.c
