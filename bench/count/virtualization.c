#include "count/virtualization.h"

#include "count/small_file.h"

#include <stdio.h>
#include <string.h>

#define TEXT_BYTES 16384

struct mark {
        const char *sought, *name;
};

static const char *look_up(const struct mark *marks, size_t count, const char *text)
{
        for (size_t i = 0; i < count; i++)
                if (strstr(text, marks[i].sought))
                        return marks[i].name;
        return NULL;
}

#define LOOK_UP(marks, text) look_up(marks, sizeof(marks) / sizeof(*marks), text)

/* −1: the architecture does not say. */
static int has_hypervisor_flag(const char *root)
{
        static const char *const keys[] = {"\nflags\t", "\nflags "};
        char text[TEXT_BYTES];

        if (small_file_read(root, text, sizeof(text), "/proc/cpuinfo") <= 0)
                return -1;
        for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
                char *flags = strstr(text, keys[i]), *end;

                if (!flags)
                        continue;
                end = strchr(flags + 1, '\n');
                if (end)
                        *end = '\0';
                return strstr(flags, " hypervisor") != NULL;
        }
        return -1;
}

/* The make, from traces that guests see. Firmware tables are missing in small virtual machines,
 * so the clock that the hypervisor offers is asked first. */
static const char *hypervisor_make(const char *root)
{
        static const struct mark clocks[] = {
                {"kvm-clock", "kvm"}, {"hyperv", "hyper-v"}, {"xen", "xen"}};
        static const struct mark firmware[] = {
                {"KVM", "kvm"},
                {"QEMU", "qemu"},
                {"Amazon EC2", "amazon"},
                {"Google Compute Engine", "google"},
                {"VMware", "vmware"},
                {"VirtualBox", "virtualbox"},
                {"innotek", "virtualbox"},
                {"Xen", "xen"},
                {"Parallels", "parallels"},
                {"BHYVE", "bhyve"},
                {"Virtual Machine", "hyper-v"},
        };
        static const struct mark trees[] = {{"kvm", "kvm"}, {"xen", "xen"}, {"vmware", "vmware"}};
        static const char *const files[] = {"sys_vendor", "product_name", "board_vendor",
                                            "bios_vendor"};
        const char *name;
        char text[256];

        if (small_file_read(root, text, sizeof(text), "/proc/sys/kernel/osrelease") > 0 &&
            strstr(text, "icrosoft"))
                return "wsl";
        small_file_read(root, text, sizeof(text),
                        "/sys/devices/system/clocksource/clocksource0/available_clocksource");
        name = LOOK_UP(clocks, text);
        for (size_t i = 0; !name && i < sizeof(files) / sizeof(*files); i++) {
                small_file_read(root, text, sizeof(text), "/sys/class/dmi/id/%s", files[i]);
                if (!strstr(text, ".metal")) /* of a cloud, yet not virtual */
                        name = LOOK_UP(firmware, text);
        }
        if (!name) {
                small_file_read(root, text, sizeof(text),
                                "/proc/device-tree/hypervisor/compatible");
                name = LOOK_UP(trees, text);
        }
        return name;
}

const char *virtualization_machine(const char *root)
{
        int flag = has_hypervisor_flag(root);
        const char *make;

        if (!flag)
                return "none";
        make = hypervisor_make(root);
        return make ? make : flag > 0 ? "vm" : "";
}

static const struct mark cgroups[] = {
        {"kubepods", "kubernetes"},   {"/docker", "docker"}, {"libpod", "podman"},
        {"containerd", "containerd"}, {"/lxc", "lxc"},       {"/machine.slice", "nspawn"},
};
static const struct mark managers[] = {
        {"systemd-nspawn", "nspawn"}, {"lxc", "lxc"}, {"docker", "docker"},
        {"podman", "podman"},         {"oci", "oci"},
};

const char *virtualization_container(const char *root)
{
        const char *name = NULL;
        char text[4096];

        if (small_file_exists(root, "/run/.containerenv"))
                return "podman";
        if (small_file_exists(root, "/.dockerenv"))
                return "docker";
        if (small_file_read(root, text, sizeof(text), "/run/systemd/container") > 0)
                name = LOOK_UP(managers, text);
        if (!name && small_file_read(root, text, sizeof(text), "/proc/self/cgroup") > 0)
                name = LOOK_UP(cgroups, text);
        return name ? name : "none";
}

static bool names_one(const struct mark *marks, size_t count, const char *text)
{
        for (size_t i = 0; i < count; i++)
                if (!strncmp(text, marks[i].name, strlen(marks[i].name)))
                        return true;
        return false;
}

bool virtualization_is_container(const char *description)
{
        return names_one(cgroups, sizeof(cgroups) / sizeof(*cgroups), description) ||
               names_one(managers, sizeof(managers) / sizeof(*managers), description);
}

void virtualization_describe(const char *root, char *buf, size_t size)
{
        const char *machine = virtualization_machine(root);
        const char *container = virtualization_container(root);

        if (!strcmp(container, "none"))
                snprintf(buf, size, "%s", machine);
        else if (!*machine || !strcmp(machine, "none"))
                snprintf(buf, size, "%s", container);
        else
                snprintf(buf, size, "%s on %s", container, machine);
}
