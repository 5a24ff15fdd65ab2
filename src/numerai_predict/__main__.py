"""`python -m numerai_predict`, the same as the command `numerai-predict`."""

import sys

from numerai_predict.cli import main

sys.exit(main())
