"""One name for a service, which leads each client to the nearest balancer that is well."""
