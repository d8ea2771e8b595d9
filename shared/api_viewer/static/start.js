// Shows the service's own description; no validator elsewhere is asked about it.
const viewer = document.getElementById("viewer");
SwaggerUIBundle({ domNode: viewer, url: viewer.dataset.description, validatorUrl: null, deepLinking: true });
