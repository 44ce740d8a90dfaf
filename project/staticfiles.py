"""Static files in production: compressed, named after their content, ES modules included."""

from servestatic.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names also inside `import … from "./socket.js"`, which Django rewrites only when asked to."""

    support_js_module_import_aggregation = True
