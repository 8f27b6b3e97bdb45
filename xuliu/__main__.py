"""`python -m xuliu` is `xuliu`."""

import sys

from xuliu.interfaces.cli.entry import main

sys.exit(main())
