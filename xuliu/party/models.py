"""People, merchants and sellers."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils.crypto import salted_hmac

from xuliu.common import clock
from xuliu.common.models import CodeField, names_zh_hans


class PersonManager(BaseUserManager["Person"]):
    """Creates people; Django's sign-in expects these two methods."""

    def create_user(self, sign_in_name: str, password: str | None = None, **fields: object) -> "Person":
        """A person with any non-empty sign-in name; without a password they cannot sign in."""
        person = self.model(sign_in_name=sign_in_name, **fields)
        person.set_password(password)
        person.save(using=self._db)
        return person

    def create_superuser(self, sign_in_name: str, password: str | None = None, **fields: object) -> "Person":
        """A member of staff who may do everything."""
        return self.create_user(sign_in_name, password, is_staff=True, is_superuser=True, **fields)


class EpochField(models.PositiveIntegerField[int, int]):
    """A number that only `party.operations.end_sessions` changes: saving a whole row never resets it."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        """The database's value, except for a new row."""
        return super().pre_save(model_instance, add) if add else models.F(self.attname)


class Person(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in. Mail and phone are Contacts. A session lasts until the password or the epoch changes."""

    id = models.BigAutoField(primary_key=True)
    sign_in_name = models.CharField(max_length=150, unique=True)
    display_name = models.CharField(max_length=150, blank=True)
    is_staff = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    joined_at = models.DateTimeField(default=clock.now, editable=False)
    session_epoch = EpochField(default=0, editable=False)

    objects: ClassVar[PersonManager] = PersonManager()

    USERNAME_FIELD = "sign_in_name"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = (models.CheckConstraint(name="person_has_a_name", condition=~models.Q(sign_in_name="")),)
        verbose_name_plural = "people"

    def __str__(self) -> str:
        return self.display_name or self.sign_in_name

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """As Django's, over the password and the epoch; called for the present secret and each old one."""
        text = f"{self.password}\n{self.session_epoch}"
        return salted_hmac("xuliu session", text, secret=secret, algorithm="sha256").hexdigest()


class Contact(models.Model):
    """A phone number or mail address of a person, sealed, found again by its keyed hash."""

    class Kind(models.TextChoices):
        PHONE = "phone"
        MAIL = "mail"

    id = models.BigAutoField(primary_key=True)
    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="contacts")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    key_id = models.CharField(max_length=8)
    sealed = models.BinaryField()
    index = models.BinaryField(max_length=32)
    verified_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("person", "kind", "index"), name="contact_once_a_person"),
            models.UniqueConstraint(
                fields=("kind", "index"),
                condition=models.Q(verified_at__isnull=False),
                name="contact_proven_by_one_person",
            ),
        )
        indexes = (models.Index(fields=("index",), name="contact_by_hash"),)

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id}"


class Merchant(models.Model):
    """A shop or chain whose terminals we keep online."""

    id = models.BigAutoField(primary_key=True)
    code = CodeField(max_length=40, unique=True)
    name = models.CharField(max_length=200)

    def __str__(self) -> str:
        return self.name


class Seller(models.Model):
    """The legal entity that sells: tax number, number series. Receipt numbers are given out under its row's lock."""

    id = models.BigAutoField(primary_key=True)
    code = models.SlugField(max_length=40, unique=True)
    name = models.JSONField()
    tax_number = models.CharField(max_length=40, blank=True)
    receipt_prefix = models.CharField(max_length=12, default="XL")
    last_receipt_number = models.BigIntegerField(default=0, editable=False)
    contact_text = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = (names_zh_hans("seller_name_zh_hans"),)

    def __str__(self) -> str:
        return str(self.name.get("zh-hans", self.code))
