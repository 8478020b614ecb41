"""Units as clusters of SkyPilot: on AWS, GCP, Kubernetes. It launches; nothing of it is rebuilt here."""
