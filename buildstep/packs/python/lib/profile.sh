# Sourced when a process of the app starts.
export PATH="$HOME/.heroku/python/bin:$PATH"
export PYTHONUNBUFFERED=1
export PYTHONHASHSEED=random
