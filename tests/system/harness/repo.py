"""A git repository of a test: files in, commits out."""
import os
import shutil

from harness.outcome import run

IDENTITY = {"GIT_AUTHOR_NAME": "Test", "GIT_AUTHOR_EMAIL": "test@example.com",
            "GIT_COMMITTER_NAME": "Test", "GIT_COMMITTER_EMAIL": "test@example.com",
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null"}


class Repo:
    def __init__(self, folder, files, branch="main"):
        self.folder = folder
        self.branch = branch
        os.makedirs(folder)
        self.git("init", "-q", "-b", branch)
        self.commit(files)

    def git(self, *arguments, env=None):
        return run(["git", *arguments], cwd=self.folder,
                   env={**os.environ, **IDENTITY, **(env or {})}).must_succeed()

    def commit(self, files, message="Change"):
        """Writes `files` ({path: text, bytes or None to delete}) and commits all."""
        for path, content in files.items():
            full = os.path.join(self.folder, path)
            if content is None:
                os.unlink(full)
                continue
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as file:
                file.write(content.encode() if isinstance(content, str) else content)
            if path.startswith("bin/") or path.endswith(".sh"):
                os.chmod(full, 0o755)
        self.git("add", "-A", "-f")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.head()

    def add_tree(self, folder):
        """Copies a directory (an example) into the repository and commits it."""
        shutil.copytree(folder, self.folder, dirs_exist_ok=True,
                        ignore=shutil.ignore_patterns("node_modules", ".git"))
        return self.commit({})

    def head(self):
        return self.git("rev-parse", "HEAD").out.strip()
