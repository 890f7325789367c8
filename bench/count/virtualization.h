/* What this machine runs in. Driver only; reads files. */
#ifndef COUNT_VIRTUALIZATION_H
#define COUNT_VIRTUALIZATION_H

#include <stdbool.h>
#include <stddef.h>

/* The hypervisor: "kvm", "vmware" …, "vm" when there is one of unknown make, "none", "" not known.
 */
const char *virtualization_machine(const char *root);

/* The container manager: "docker", "podman" …, "none" when nothing points to one. */
const char *virtualization_container(const char *root);

/* Of virtualization_describe's text: does it begin with a container manager? */
bool virtualization_is_container(const char *description);

/* Both in short: "none", "kvm", "docker", "docker on kvm"; "" when not known. */
void virtualization_describe(const char *root, char *buf, size_t size);

#endif
