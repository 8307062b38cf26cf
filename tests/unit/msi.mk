# SPDX-License-Identifier: MIT
# PCI configuration space and message-signalled interrupts, on a bus that the test makes; range sets; the device map.
UNIT_TESTS += $(B)/unit/test_msi $(B)/unit/test_rangeset $(B)/unit/test_device_map

$(B)/unit/test_msi $(B)/unit/test_rangeset: $(B)/unit/%: tests/unit/%.c $(UNIT_HARNESS) xen/arch/x86/dev/pci.c xen/arch/x86/dev/msi.c xen/common/lib/rangeset.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -Wno-unused-function -fno-strict-aliasing \
	    -fsanitize=undefined -fsanitize-undefined-trap-on-error -fno-sanitize=alignment \
	    -D__XEN__ -DCOUNTERS=0 -Ixen/include -o $@ $< tests/unit/unit.c xen/common/lib/rangeset.c

$(B)/unit/test_device_map: tests/unit/test_device_map.c $(UNIT_HARNESS) xen/arch/x86/mm/device_map.c $(wildcard xen/include/*/*.h)
	@mkdir -p $(@D)
	$(CC) -std=gnu11 -m32 -O1 -g -Wall -Wextra -Werror -Wno-unused-parameter -fno-strict-aliasing \
	    -fsanitize=undefined -fsanitize-undefined-trap-on-error -D__XEN__ -DUNIT_TEST -DCOUNTERS=0 -Ixen/include -o $@ $< \
	    tests/unit/unit.c
