#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "place/pu.h"
#include "place/topology.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TWO_PACKAGES_SMT "pack:2 numa:1 l3:1 core:4 pu:2" /* siblings are 2k and 2k + 1 */

static struct topology *load(const char *synthetic, const char *allowed)
{
        struct topology *topology = NULL;
        struct mproc_err err = {0};
        struct cpuset set = {0};
        uint32_t *list = NULL;
        size_t count = 0;

        if (allowed) {
                assert_int_equal(pu_list_parse(allowed, &list, &count, &err), 0);
                for (size_t i = 0; i < count; i++)
                        cpuset_add(&set, list[i]);
                free(list);
        }
        if (topology_new(&topology, synthetic, allowed ? &set : NULL, &err))
                fail_msg("%s", err.text);
        return topology;
}

/* The PUs of the workers in order, "0 2 4"; `note` as place_workers leaves it. */
static const char *order(const struct topology *topology, const char *place, uint32_t workers,
                         char *note, size_t note_size)
{
        static char text[8192];
        struct cpuset *sets = calloc(workers, sizeof(*sets));
        struct mproc_err err = {0};
        size_t used = 0;

        text[0] = '\0';
        if (place_workers(topology, place, workers, sets, note, note_size, &err))
                fail_msg("%s", err.text);
        for (uint32_t i = 0; i < workers; i++) {
                char one[32];

                pu_list_format(&sets[i], one, sizeof(one));
                used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", i ? " " : "",
                                         one);
        }
        free(sets);
        return text;
}

static void expect(const char *synthetic, const char *allowed, const char *place, uint32_t workers,
                   const char *pus, const char *said)
{
        struct topology *topology = load(synthetic, allowed);
        char note[480];

        assert_string_equal(order(topology, place, workers, note, sizeof(note)), pus);
        if (*said)
                assert_non_null(strstr(note, said));
        else
                assert_string_equal(note, "");
        topology_free(topology);
}

static void compact_fills_siblings_then_cores_then_packages(void **state)
{
        (void)state;
        expect(TWO_PACKAGES_SMT, NULL, "compact", 10, "0 1 2 3 4 5 6 7 8 9", "");
}

static void core_takes_every_physical_core_before_any_sibling(void **state)
{
        (void)state;
        expect(TWO_PACKAGES_SMT, NULL, "core", 8, "0 2 4 6 8 10 12 14", "");
        expect(TWO_PACKAGES_SMT, NULL, "core", 10, "0 2 4 6 8 10 12 14 1 3", "share a core");
}

static void scatter_alternates_packages_nodes_and_caches(void **state)
{
        (void)state;
        expect(TWO_PACKAGES_SMT, NULL, "scatter", 4, "0 8 2 10", "");
        /* Two packages × two nodes × two L3 × two cores. */
        expect("pack:2 numa:2 l3:2 core:2 pu:1", NULL, "scatter", 9, "0 8 4 12 2 10 6 14 1", "");
}

static void smt_pairs_workers_on_cores_that_have_siblings(void **state)
{
        (void)state;
        expect(TWO_PACKAGES_SMT, NULL, "smt", 4, "0 1 2 3", "");
        /* Core 0 has lost its sibling to somebody else. */
        expect(TWO_PACKAGES_SMT, "0,2-5", "smt", 4, "2 3 4 5", "");
        expect("pack:1 core:4 pu:1", NULL, "smt", 2, "0 1", "no SMT");
}

static void numa_fills_a_node_cores_first_before_the_next(void **state)
{
        (void)state;
        expect("numa:2 core:2 pu:2", NULL, "numa", 6, "0 2 1 3 4 6", "");
        expect("pack:1 core:2 pu:1", NULL, "numa", 2, "0 1", "one NUMA node");
}

static void none_binds_nobody_and_says_when_there_are_too_many(void **state)
{
        (void)state;
        expect("pack:1 core:2 pu:1", NULL, "none", 2, " ", "");
        expect("pack:1 core:2 pu:1", NULL, "none", 3, "  ", "oversubscribed: 3 workers on 2 PUs");
}

static void no_policy_leaves_the_allowed_set(void **state)
{
        struct topology *topology = load(TWO_PACKAGES_SMT, "3,5,14");
        char note[480];

        (void)state;
        for (size_t i = 1; place_at(i); i++) {
                struct cpuset sets[3], all = {0};
                char text[64];

                assert_int_equal(
                        place_workers(topology, place_at(i), 3, sets, note, sizeof(note), NULL), 0);
                for (size_t k = 0; k < 3; k++)
                        for (size_t w = 0; w < CPUSET_WORDS; w++)
                                all.bits[w] |= sets[k].bits[w];
                assert_string_equal(pu_list_format(&all, text, sizeof(text)), "3,5,14");
        }
        topology_free(topology);
}

static void more_workers_than_pus_wrap_around_and_it_is_said(void **state)
{
        (void)state;
        expect("pack:1 core:1 pu:1", NULL, "compact", 3, "0 0 0",
               "oversubscribed: 3 workers on 1 PU");
        expect("pack:1 core:2 pu:1", NULL, "scatter", 5, "0 1 0 1 0",
               "oversubscribed: 5 workers on 2 PUs");
}

static void a_list_is_taken_in_its_own_order(void **state)
{
        (void)state;
        expect(TWO_PACKAGES_SMT, NULL, "9,2,4-6", 5, "9 2 4 5 6", "");
        expect(TWO_PACKAGES_SMT, NULL, "9,2", 3, "9 2 9", "oversubscribed: 3 workers on 2 PUs");
        expect(TWO_PACKAGES_SMT, NULL, "3,3", 2, "3 3", "oversubscribed: 2 workers on 1 PU");
}

static void pus_beyond_64_are_placed(void **state)
{
        struct topology *topology = load("pack:2 core:64 pu:2", NULL);
        struct environment environment;
        char note[480], text[32];

        (void)state;
        assert_string_equal(order(topology, "250-252", 3, note, sizeof(note)), "250 251 252");
        topology_describe(topology, &environment);
        assert_string_equal(pu_list_format(&environment.allowed, text, sizeof(text)), "0-255");
        topology_free(topology);
}

static void refused(const char *place, uint32_t workers, const char *why)
{
        struct topology *topology = load("pack:1 core:4 pu:1", "0-2");
        struct cpuset sets[4], before[4];
        struct mproc_err err = {0};
        char note[32] = "as before";

        memset(sets, 0x5a, sizeof(sets));
        memcpy(before, sets, sizeof(sets));
        assert_int_equal(place_workers(topology, place, workers, sets, note, sizeof(note), &err),
                         -EINVAL);
        assert_int_equal(err.code, -EINVAL);
        if (!strstr(err.text, why))
                fail_msg("\"%s\" does not say \"%s\"", err.text, why);
        assert_memory_equal(sets, before, sizeof(sets));
        assert_string_equal(note, "as before");
        topology_free(topology);
}

static void a_bad_place_is_refused_with_what_is_allowed(void **state)
{
        (void)state;
        refused("scater", 2, "scatter");
        refused("0,3", 2, "PU 3 does not exist or may not be used here; allowed: 0-2");
        refused("0,99999", 2, "1023");
        refused("2-0", 2, "0,2,4-7");
        refused("0,", 2, "0,2,4-7");
        refused("0;1", 2, "0,2,4-7");
        refused("core", 0, "0 workers");
}

static void kinds_of_cores_are_mixed_only_when_none_holds_the_team(void **state)
{
        struct pu pus[8] = {0}; /* PUs 0–3: two fast cores with siblings; 4–7: four slow cores */
        struct topology topology = {.pus = pus, .count = 8};
        char note[480];

        (void)state;
        for (uint32_t i = 0; i < 8; i++) {
                pus[i].os = i;
                pus[i].key[PU_KIND] = i >= 4;
                pus[i].key[PU_CORE] = i < 4 ? i / 2 : i;
        }
        pu_rank(pus, 8);
        /* One worker per core would reach for slow cores: siblings of the fast ones come first. */
        assert_string_equal(order(&topology, "core", 4, note, sizeof(note)), "0 2 1 3");
        assert_null(strstr(note, "efficiency"));
        assert_string_equal(order(&topology, "core", 5, note, sizeof(note)), "0 2 1 3 4");
        assert_non_null(strstr(note, "mixed: 4 of 5 workers"));
        assert_string_equal(order(&topology, "0,7", 2, note, sizeof(note)), "0 7");
        assert_non_null(strstr(note, "mixed: 1 of 2 workers"));
        order(&topology, "none", 1, note, sizeof(note));
        assert_non_null(strstr(note, "may mix"));

        pus[3].key[PU_KIND] = 1; /* three fast PUs, five slow ones */
        assert_string_equal(order(&topology, "compact", 4, note, sizeof(note)), "3 4 5 6");
        assert_string_equal(note, "all on slower (efficiency) cores");
}

static void describe_counts_the_machine_and_what_is_allowed(void **state)
{
        struct topology *topology = load("pack:2 numa:2 core:4 pu:2", "4-7");
        struct environment environment = {0};

        (void)state;
        topology_describe(topology, &environment);
        assert_string_equal(environment.topology, "2 packages · 16 cores · 32 PUs · 4 NUMA nodes");
        assert_int_equal(environment.allowed_pus, 4);
        assert_int_equal(environment.allowed.bits[0], 0xf0);
        assert_int_equal(environment.smt, 1);
        topology_free(topology);

        topology = load("pack:1 core:2 pu:1", NULL);
        topology_describe(topology, &environment);
        assert_string_equal(environment.topology, "1 package · 2 cores · 2 PUs · 1 NUMA node");
        assert_int_equal(environment.smt, 0);
        topology_free(topology);
}

static void this_machine_is_limited_to_the_affinity_mask(void **state)
{
        struct environment environment = {0};
        struct topology *topology;
        cpu_set_t before, one;
        int first = 0;

        (void)state;
        assert_int_equal(sched_getaffinity(0, sizeof(before), &before), 0);
        while (!CPU_ISSET(first, &before))
                first++;
        CPU_ZERO(&one);
        CPU_SET(first, &one);
        assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
        topology = load(NULL, NULL);
        topology_describe(topology, &environment);
        assert_int_equal(sched_setaffinity(0, sizeof(before), &before), 0);
        assert_int_equal(environment.allowed_pus, 1);
        assert_true(cpuset_has(&environment.allowed, (uint32_t)first));
        assert_true(environment.pus >= 1);
        topology_free(topology);
}

static void a_topology_without_usable_pus_is_an_error(void **state)
{
        struct topology *topology = NULL;
        struct cpuset none = {0};
        struct mproc_err err = {0};

        (void)state;
        cpuset_add(&none, 77);
        assert_int_equal(topology_new(&topology, "core:2 pu:1", &none, &err), -EINVAL);
        assert_int_equal(topology_new(&topology, "nonsense:x", NULL, &err), -EINVAL);
        assert_non_null(strstr(err.text, "nonsense:x"));
        assert_null(topology);
        topology_free(NULL);
}

static void a_set_that_does_not_fit_is_cut_at_a_number(void **state)
{
        struct cpuset set = {0};
        char text[12];

        (void)state;
        for (uint32_t pu = 100; pu < 120; pu += 2)
                cpuset_add(&set, pu);
        assert_string_equal(pu_list_format(&set, text, sizeof(text)), "100,102,…");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(compact_fills_siblings_then_cores_then_packages),
                cmocka_unit_test(core_takes_every_physical_core_before_any_sibling),
                cmocka_unit_test(scatter_alternates_packages_nodes_and_caches),
                cmocka_unit_test(smt_pairs_workers_on_cores_that_have_siblings),
                cmocka_unit_test(numa_fills_a_node_cores_first_before_the_next),
                cmocka_unit_test(none_binds_nobody_and_says_when_there_are_too_many),
                cmocka_unit_test(no_policy_leaves_the_allowed_set),
                cmocka_unit_test(more_workers_than_pus_wrap_around_and_it_is_said),
                cmocka_unit_test(a_list_is_taken_in_its_own_order),
                cmocka_unit_test(pus_beyond_64_are_placed),
                cmocka_unit_test(a_bad_place_is_refused_with_what_is_allowed),
                cmocka_unit_test(kinds_of_cores_are_mixed_only_when_none_holds_the_team),
                cmocka_unit_test(describe_counts_the_machine_and_what_is_allowed),
                cmocka_unit_test(this_machine_is_limited_to_the_affinity_mask),
                cmocka_unit_test(a_topology_without_usable_pus_is_an_error),
                cmocka_unit_test(a_set_that_does_not_fit_is_cut_at_a_number),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
