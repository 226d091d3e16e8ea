import sys

INTERRUPTED = 130

if __name__ == "__main__":
    try:
        from digest.cli import main

        sys.exit(main())
    except KeyboardInterrupt:  # before or after the part of `main` that tells of it
        sys.exit(INTERRUPTED)
