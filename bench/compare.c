#include "compare.h"
int cmd_compare(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 2;
}
int cmd_gate(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return 2;
}
