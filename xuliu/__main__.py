"""`python -m xuliu` is `xuliu`."""

import sys

from xuliu.cli.entry import main

sys.exit(main())
